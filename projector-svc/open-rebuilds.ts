/** What a rebuild works with on this replica: connections of its own, and its lock. */
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool } from '#platform/postgres.ts';
import { REBUILD } from './bounds.ts';
import { READ_TIMEOUT_MS } from './config.ts';
import type { ProjectorConfig } from './config.ts';
import { commitsOfRebuild, openRebuildPool } from './rebuild-fill.ts';
import { createRebuilds } from './rebuilds.ts';
import type { Rebuilds } from './rebuilds.ts';
import { LOCK_CLASS, createSessionLocks } from './session-locks.ts';
import type { Stores } from './stores.ts';

export function openRebuilds(
  config: Pick<ProjectorConfig, 'eventStoreUrl' | 'projectionStoreUrl' | 'instance'>,
  { closers, log }: Pick<ServiceContext, 'closers' | 'log'>,
  { reading, eventStore, texts }: Pick<Stores, 'reading' | 'eventStore' | 'texts'>,
): Rebuilds {
  const rebuilding = openRebuildPool(config, log);
  closers.add('projection store, rebuilding', () => rebuilding.end());
  const locks = createSessionLocks({
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-rebuild-lock`,
    lockClass: LOCK_CLASS.rebuild,
    log,
  });
  closers.add('rebuild lock', locks.close);
  const outbox = createPool({
    url: config.eventStoreUrl,
    applicationName: `${config.instance}-rebuild`,
    metricName: 'rebuild_log',
    maxConnections: REBUILD.partitionsInFlight,
    statementTimeoutMs: READ_TIMEOUT_MS,
    log,
  });
  closers.add('event store, rebuilding', () => outbox.end());
  const commit = commitsOfRebuild(rebuilding, reading, log);
  const fill = { eventStore: outbox, commit, texts };
  const rebuilds = createRebuilds({ fill, rebuilding, reading, eventStore, locks, log });
  closers.add('rebuild', rebuilds.close);
  return rebuilds;
}
