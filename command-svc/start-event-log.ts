/** The event log reads on connections of its own: commands never wait for those who follow it. */
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool, whenThere } from '#platform/postgres.ts';
import { FEED } from './bounds.ts';
import type { CommandConfig } from './config.ts';
import { openEventLog, type EventLog } from './event-log.ts';
import { readLedger } from './sql/read-ledger.ts';
import type { SubmissionContext } from './submission-transactions.ts';

export async function startEventLog(
  settings: CommandConfig,
  { closers, log, stopping }: ServiceContext,
  { holders }: SubmissionContext,
): Promise<EventLog> {
  const db = createPool({
    url: settings.eventStoreUrl,
    applicationName: `${settings.instance}-feeds`,
    metricName: 'feeds',
    maxConnections: FEED.connectionsMax,
    statementTimeoutMs: settings.requestStatementTimeoutMs,
    log,
  });
  closers.add('feed connections', () => db.end());
  const ledger = await whenThere('the event store', { log, stopping }, () => readLedger(db));
  return openEventLog({ db, holders, log, ledger, limits: settings.eventLog, stopping });
}
