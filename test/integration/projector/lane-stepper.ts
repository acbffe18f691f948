/** Steps of a partition by a test's own hand, apart from a process. */
import { silentLogger } from '#platform/logger.ts';
import { createPool } from '#platform/postgres.ts';
import { createCommits } from '../../../projector-svc/commit-rows.ts';
import type { FillContext } from '../../../projector-svc/outbox-filler.ts';
import { createSessionLocks, LOCK_CLASS } from '../../../projector-svc/session-locks.ts';
import { TextKeys } from '../../../projector-svc/text-keys.ts';
import type { World } from './projector-fixture.ts';

const SETTINGS = { batchEventsMax: 500, batchTimeoutMs: 100 };

/** What a step needs, apart from a process. */
export function openStepper({ databases }: World): FillContext & { close: () => Promise<void> } {
  const open = (url: string) =>
    createPool({ url, applicationName: 'stepper', maxConnections: 2, lockTimeoutMs: 10_000 });
  const pool = open(databases.projectionStoreUrl('bank_projector'));
  const eventStore = open(databases.eventStoreUrl('bank_projector'));
  const locks = createSessionLocks({
    url: databases.projectionStoreUrl('bank_projector'),
    applicationName: 'stepper',
    lockClass: LOCK_CLASS.fill,
    log: silentLogger,
  });
  return {
    commits: createCommits({ pool, reading: pool, log: silentLogger }),
    projecting: pool,
    reading: pool,
    eventStore,
    texts: new TextKeys(eventStore, undefined, silentLogger),
    partitionCount: 16,
    locks,
    log: silentLogger,
    announce: () => undefined,
    mode: { settings: () => SETTINGS, takeChange: () => undefined },
    close: async () => {
      await Promise.all([pool.end(), eventStore.end(), locks.close()]);
    },
  };
}
