/** The checkpoints' own connections: one to read by, one that holds the lock. */
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool } from '#platform/postgres.ts';
import { createSessionLocks } from '#platform/session-locks.ts';
import { CHECKPOINT_LOCK_CLASS, startCheckpoints } from './checkpoints.ts';
import type { CommandConfig } from './config.ts';

/** Does nothing when they are not configured. */
export function openCheckpoints(settings: CommandConfig, { closers, log }: ServiceContext): void {
  const { checkpoints, eventStoreUrl: url, instance, requestStatementTimeoutMs } = settings;
  if (checkpoints === undefined) return;
  const applicationName = `${instance}-checkpoints`;
  const db = createPool({
    url,
    applicationName,
    maxConnections: 1,
    statementTimeoutMs: requestStatementTimeoutMs,
    log,
  });
  closers.add('checkpoint connection', () => db.end());
  const locks = createSessionLocks({ url, applicationName, lockClass: CHECKPOINT_LOCK_CLASS, log });
  closers.add('checkpoint lock', () => locks.close());
  const { stop } = startCheckpoints({ db, locks, log }, checkpoints);
  closers.add('checkpoints', stop);
}
