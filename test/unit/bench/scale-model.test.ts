/** The calculation of docs/scale.md: linear demands, and whole units where parts come in units. */
import { expect, test } from 'vitest';
import { ceilings, demandAt, LIMITS } from '#test/bench/scale-model.ts';

const COSTS: Record<string, number> = {
  'cpu.command_us': 10,
  'cpu.projector_us': 5,
  'cpu.postgres_us': 12,
  'cpu.connect_us': 4,
  'cpu.redis_us': 1,
  'wal.event_store_bytes': 300,
  'wal.projection_store_bytes': 100,
  'outbox.bytes': 80,
  'outbox.items_per_record': 1_000,
  'redis.commands': 0.01,
  'postgres.connections_event_store': 20,
  'postgres.connections_projection_store': 10,
  'bulk.acknowledged_per_s': 50_000,
  'bulk.hot_account_over_uniform': 1,
};
const costs = (figure: string): number => COSTS[figure] ?? Number.NaN;

test('a hundred thousand a second, by hand', () => {
  const demand = demandAt(100_000, costs, { ...LIMITS, utilisation: 0.5 });
  expect(demand).toMatchObject({
    commandReplicas: 2, // 1 core at 50%
    projectorReplicas: 1,
    postgresCores: 2.4,
    eventStoreWalMegabytes: 30,
    projectionWalMegabytes: 10,
    commitsPerSecond: 200,
    eventStoreServers: 1,
    partitions: 16, // 4 would do
    kafkaMegabytes: 8,
    kafkaBrokers: 3,
    slots: 1,
    redisCommandsPerSecond: 1_000,
    eventStoreConnections: 40,
    projectionStoreConnections: 10,
  });
  expect(demand.walTerabytesPerDay).toBeCloseTo(3.456);
});

test('whole units grow when the rate needs them', () => {
  const demand = demandAt(10_000_000, costs, { ...LIMITS, utilisation: 0.5 });
  expect(demand.slots).toBe(80);
  expect(demand.redisNodes).toBe(20);
  expect(demand.eventStoreServers).toBe(12); // 3,000 MB/s of WAL; the cores alone ask for 3
  expect(demand.kafkaBrokers).toBe(48);
  expect(demand.partitions).toBe(400);
});

test('one of each is used up where a second one is needed', () => {
  const limits = { ...LIMITS, utilisation: 0.5 };
  const at = new Map(
    ceilings(costs, limits).map(({ what, itemsPerSecond }) => [what, itemsPerSecond]),
  );
  const slot = at.get('one replication slot with its task') ?? 0;
  expect(demandAt(slot * 0.999, costs, limits).slots).toBe(1);
  expect(demandAt(slot * 1.001, costs, limits).slots).toBe(2);
  const wal = at.get('one event store server, by its WAL') ?? 0;
  expect(demandAt(wal * 0.999, costs, limits).eventStoreServers).toBe(1);
  expect(demandAt(wal * 1.001, costs, limits).eventStoreServers).toBe(2);
  expect(at.get('one Redis')).toBe(500_000);
});
