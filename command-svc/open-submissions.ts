/**
 * Connections for requests and for looking after waiting statements; a batch never waits for
 * either. Resolves when the event store is there, with the schema that this code needs.
 */
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool, waitForSchema, whenThere } from '#platform/postgres.ts';
import { WATCH_CONNECTIONS_MAX } from './bounds.ts';
import type { CommandConfig } from './config.ts';
import { readLedger } from './sql/read-ledger.ts';
import type { SubmissionContext } from './submission-transactions.ts';

/** The newest migration of the event store that this code needs. */
const SCHEMA_NUMBER = 6;
const EVENT_STORE = 'the event store';

export async function openSubmissions(
  settings: CommandConfig,
  { closers, log, stopping }: ServiceContext,
): Promise<Omit<SubmissionContext, 'holders'>> {
  const { eventStoreUrl: url, instance, stoppedOwner, lockTimeoutMs } = settings;
  const eventStore = createPool({
    url,
    applicationName: `${instance}-requests`,
    metricName: 'requests',
    maxConnections: settings.requestConnectionsMax,
    statementTimeoutMs: settings.requestStatementTimeoutMs,
    lockTimeoutMs,
    log,
  });
  closers.add('request connections', () => eventStore.end());
  const applicationName = `${instance}-watch`;
  const watchPool = createPool({
    url,
    applicationName,
    metricName: 'watch',
    maxConnections: WATCH_CONNECTIONS_MAX,
    log,
  });
  closers.add('watch connections', () => watchPool.end());
  const waiting = { log, stopping };
  await waitForSchema(eventStore, SCHEMA_NUMBER, waiting, EVENT_STORE);
  const { partitionCount } = await whenThere(EVENT_STORE, waiting, () => readLedger(eventStore));
  return {
    eventStore,
    watchPool,
    log,
    partitionCount,
    stoppedOwner,
    submissions: settings.submissions,
  };
}
