/** The batcher with its lanes, on connections of its own, as bulk mode says. */
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool } from '#platform/postgres.ts';
import { closeRedis, createRedis } from '#platform/redis.ts';
import { createAccountLocks } from './account-locks.ts';
import { appendTogether } from './append-together.ts';
import { newCounts, type BatchContext } from './batch.ts';
import type { BatcherLimits } from './batch-start.ts';
import { createBatcher, type Batcher } from './batcher.ts';
import { watchBatching } from './batching-metrics.ts';
import type { BulkMode } from './bulk-mode.ts';
import type { CommandConfig } from './config.ts';
import type { EventLog } from './event-log.ts';
import { laneProcessors, tellingOfAppends } from './lane-processors.ts';
import type { OwnerKeys } from './owner-keys.ts';
import type { SubmissionContext } from './submission-transactions.ts';

export function startBatcher(
  settings: CommandConfig,
  { closers, log }: ServiceContext,
  { watchPool, partitionCount, stoppedOwner, holders }: SubmissionContext,
  bulkMode: BulkMode,
  eventLog: EventLog,
  ownerKeys: OwnerKeys | undefined,
): Batcher {
  const { append, lockTimeoutMs } = settings;
  const accountsMax = Math.ceil(settings.states.accountsMax / partitionCount);
  const states = { ...settings.states, accountsMax };
  const eventStore = createPool({
    url: settings.eventStoreUrl,
    applicationName: `${settings.instance}-batches`,
    metricName: 'batches',
    maxConnections: settings.batchConnectionsMax,
    answerTimeoutMs: append.answerTimeoutMs + lockTimeoutMs,
    lockTimeoutMs,
    log,
  });
  closers.add('batch connections', () => eventStore.end());
  const redis = createRedis(settings.redisUrl, 'locks', log);
  closers.add('redis', () => closeRedis(redis));
  const locks = createAccountLocks(redis, settings.accountLockMs, log);
  const counts = newCounts();
  const store = { eventStore, watchPool, stoppedOwner, append, log };
  const context: BatchContext = {
    ...store,
    partitionCount,
    locks,
    states,
    sendAppend: appendTogether(store),
    deferral: settings.deferral,
    deferrals: new WeakMap(),
    counts,
    isBulkMode: bulkMode.isBulkMode,
    holders,
    ownerKeys,
    takeModeChange: bulkMode.takeChange,
  };
  const limits = (): BatcherLimits => bulkMode.limitsOf(settings.batcher);
  const processors = tellingOfAppends(laneProcessors(context), eventLog.mayHaveMoved);
  const batcher = createBatcher(partitionCount, limits(), ...processors);
  bulkMode.onChange(() => batcher.adjust(limits()));
  watchBatching({ counts, locks: locks.counts, load: () => batcher.load() });
  closers.add('batcher', async () => {
    await batcher.stop();
    log.info('The batcher has drained.', { ...counts, locks: locks.counts });
  });
  return batcher;
}
