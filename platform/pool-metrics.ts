// Connections of the process to its databases, by pool: how many are in use and idle, how many
// there may be, and how many callers wait for one. Read at each look; a pool that has ended is told
// no more. Names by OpenTelemetry's conventions for database clients.
import type pg from 'pg';
import { observedGauge } from './observed.ts';

const POOL = 'db.client.connection.pool.name';
const STATE = 'db.client.connection.state';

const count = observedGauge(
  'db.client.connection.count',
  'Connections of a pool, by whether they are in use (used) or not (idle).',
  '{connection}',
  [POOL, STATE],
);
const max = observedGauge(
  'db.client.connection.max',
  'Connections that a pool may have.',
  '{connection}',
  [POOL],
);
const pending = observedGauge(
  'db.client.connection.pending_requests',
  'Callers that wait for a connection of a pool.',
  '{request}',
  [POOL],
);

const pools = new Map<pg.Pool, { name: string; connectionsMax: number }>();

export function watchPool(pool: pg.Pool, name: string, connectionsMax: number): void {
  pools.set(pool, { name, connectionsMax });
}

function* open(): Generator<[pg.Pool, { name: string; connectionsMax: number }]> {
  for (const [pool, facts] of pools) {
    if (pool.ended) pools.delete(pool);
    else yield [pool, facts];
  }
}

count.watch(() =>
  Array.from(open()).flatMap(([pool, { name }]) => [
    [pool.totalCount - pool.idleCount, { [POOL]: name, [STATE]: 'used' }] as const,
    [pool.idleCount, { [POOL]: name, [STATE]: 'idle' }] as const,
  ]),
);
max.watch(() =>
  Array.from(open(), ([, { name, connectionsMax }]) => [connectionsMax, { [POOL]: name }] as const),
);
pending.watch(() =>
  Array.from(open(), ([pool, { name }]) => [pool.waitingCount, { [POOL]: name }] as const),
);
