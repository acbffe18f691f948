/**
 * EventLogService alone, in this process, behind a gRPC server on a free port, on a test's own
 * event store. Appends are the test's: by replicas of process-batch, or planted.
 */
import { credentials } from '@grpc/grpc-js';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { createLogger } from '#platform/logger.ts';
import { createPool } from '#platform/postgres.ts';
import { EventLogServiceClient } from '#proto/bank/v1/event_log_service.ts';
import { startCuttingProxy } from '#test/support/cutting-proxy.ts';
import { Holders } from '../../command-svc/account-holder.ts';
import {
  eventLogDefinition,
  openEventLog,
  type EventLog,
  type EventLogContext,
} from '../../command-svc/event-log.ts';
import { readLedger } from '../../command-svc/sql/read-ledger.ts';

export type EventLogServer = {
  address: string;
  client: EventLogServiceClient;
  eventLog: EventLog;
  logId: string;
  /** As SIGTERM does. */
  drain: () => void;
  close: () => Promise<void>;
};

export type EventLogServerOptions = Partial<
  Pick<EventLogContext, 'limits' | 'feed' | 'streamAgeMaxMs' | 'verify'>
>;

const CONNECTIONS_MAX = 4;
export const EVENT_LOG_LIMITS = { subscriptionsMax: 64, accountReadersMax: 64, pollMs: 20 };

export async function openEventLogServer(
  url: string,
  { limits = EVENT_LOG_LIMITS, ...options }: EventLogServerOptions = {},
): Promise<EventLogServer> {
  const log = createLogger({
    service: 'test',
    instance: 'event-log',
    level: process.env['BANK_TEST_LOG'] ?? 'silent',
  });
  const db = createPool({ url, applicationName: 'feeds', maxConnections: CONNECTIONS_MAX, log });
  const ledger = await readLedger(db);
  const stopping = new AbortController();
  const holders = new Holders(undefined);
  const context = { db, holders, log, ledger, limits, stopping: stopping.signal, ...options };
  const eventLog = openEventLog(context);
  const { server, serve, drain } = createGrpcServer({ log });
  server.addService(eventLogDefinition, unimplemented(eventLogDefinition, eventLog.handlers));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  const client = new EventLogServiceClient(address, credentials.createInsecure());
  return {
    address,
    client,
    eventLog,
    logId: ledger.logId,
    drain: () => stopping.abort(),
    close: async () => {
      stopping.abort();
      client.close();
      await drain(1_000);
      await db.end();
    },
  };
}

/** Its event store has been there at the start, and is out of reach since. */
export async function openFarEventLogServer(url: string): Promise<EventLogServer> {
  const far = new URL(url);
  const proxy = await startCuttingProxy({ host: far.hostname, port: Number(far.port) });
  far.host = `${proxy.host}:${proxy.port}`;
  const server = await openEventLogServer(far.href);
  await proxy.close();
  return server;
}
