/**
 * command-svc: takes commands, stores what they decide. Wiring only: settings, connections, the
 * batcher with its lanes, the handlers, the server. Starts when the event store's schema is there;
 * without Redis it serves, slower.
 */
import { createByteBudget } from '#platform/byte-budget.ts';
import { createGrpcServer, unimplemented, type Starting } from '#platform/grpc-server.ts';
import { runService, type ServiceContext } from '#platform/lifecycle.ts';
import { createLogger } from '#platform/logger.ts';
import { createPool, waitForSchema, whenThere } from '#platform/postgres.ts';
import { closeRedis, createRedis } from '#platform/redis.ts';
import { announceReady } from '#platform/service-ready.ts';
import { createSlots } from '#platform/slots.ts';
import { watchStore } from '#platform/store-watch.ts';
import { startTelemetry } from '#platform/telemetry.ts';
import { AccountCommandServiceService } from '#proto/bank/v1/account_command_service.ts';
import { BulkModeServiceService } from '#proto/bank/v1/bulk_mode_service.ts';
import {
  DECODED_MESSAGES_BYTES_MAX,
  FEED,
  UNREAD_RESULTS_BYTES_MAX,
  WATCH_CONNECTIONS_MAX,
} from './bounds.ts';
import { accountCommandHandlers } from './account-commands.ts';
import { createAccountLocks } from './account-locks.ts';
import { newCounts, type BatchContext } from './batch.ts';
import type { BatcherLimits } from './batch-start.ts';
import { createBatcher, type Batcher } from './batcher.ts';
import { watchBatching, watchUploads } from './batching-metrics.ts';
import { createBulkIntake } from './bulk-intake.ts';
import { bulkModeHandlers } from './bulk-mode-requests.ts';
import { openBulkMode, type BulkMode } from './bulk-mode.ts';
import { bulkServiceDefinition } from './bulk-messages.ts';
import { readConfig, type CommandConfig } from './config.ts';
import { eventLogDefinition, openEventLog, type EventLog } from './event-log.ts';
import { startExpiryWorker } from './expiry-worker.ts';
import { laneProcessors, tellingOfAppends } from './lane-processors.ts';
import { readLedger } from './sql/read-ledger.ts';
import { appendTogether } from './append-together.ts';
import type { SubmissionContext } from './submission-transactions.ts';
import { submissionHandlers } from './submissions.ts';
import { tooManyUploads } from './take-stream.ts';

const NAME = 'command-svc';
/** The newest migration of the event store that this code needs. */
const SCHEMA_NUMBER = 4;
const EVENT_STORE = 'the event store';
/** A reversal goes over a whole submission. */
const LONG_METHODS = [bulkServiceDefinition.reverseSubmission.path];
/** Until the event store is there. */
const STARTING: Starting = {
  services: [
    AccountCommandServiceService,
    bulkServiceDefinition,
    BulkModeServiceService,
    eventLogDefinition,
  ],
  reason: 'EVENT_STORE_UNAVAILABLE',
  message: 'the service has not started: it waits for the event store',
};

const config = readConfig(process.env);
const log = createLogger({ service: NAME, instance: config.instance, level: config.logLevel });
await runService({ name: NAME, log, start: (context) => start(config, context) });

async function start(settings: CommandConfig, context: ServiceContext): Promise<void> {
  const { closers, log, stopping } = context;
  const { instance } = settings;
  const telemetry = await startTelemetry({ service: NAME, instance, env: process.env });
  closers.add('telemetry', telemetry.shutdown);
  const limits = { limits: settings.server, longMethods: LONG_METHODS };
  const { server, listen, open, setServing, drain } = createGrpcServer({ log, ...limits });
  const address = await listen(settings.listen, STARTING);
  closers.add('listener', () => drain(0));
  const { redisUrl } = settings;
  const options = { ...settings.bulkMode, redisUrl, service: NAME, instance };
  const bulkMode = openBulkMode(options, context);
  const submissions = await openSubmissions(settings, context);
  const eventLog = await startEventLog(settings, context);
  const batcher = startBatcher(settings, context, submissions, bulkMode, eventLog);

  const expiry = startExpiryWorker({ ...submissions, batcher }, settings.expiry);
  closers.add('expiry worker', () => expiry.stop());

  const { streamIdleMs, streamResultsMax, states } = settings;
  const uploads = createSlots(settings.uploadsMax, tooManyUploads);
  watchUploads(uploads.taken);
  const messages = createByteBudget(DECODED_MESSAGES_BYTES_MAX);
  const unreadResults = createByteBudget(UNREAD_RESULTS_BYTES_MAX);
  const bounds = { streamIdleMs, streamResultsMax, states, messages, unreadResults, uploads };
  const intake = createBulkIntake({ ...submissions, ...bounds, batcher, bulkMode, stopping });
  const commands = accountCommandHandlers({ ...submissions, batcher, states });
  const { drained, ...uploading } = intake;
  const bulk = { ...submissionHandlers(submissions), ...uploading };
  server.addService(
    AccountCommandServiceService,
    unimplemented(AccountCommandServiceService, commands),
  );
  server.addService(bulkServiceDefinition, unimplemented(bulkServiceDefinition, bulk));
  server.addService(BulkModeServiceService, bulkModeHandlers(bulkMode, log));
  server.addService(eventLogDefinition, unimplemented(eventLogDefinition, eventLog.handlers));
  const store = watchStore({
    url: settings.eventStoreUrl,
    applicationName: `${instance}-health`,
    store: 'The event store',
    log,
    setServing: (serving) => setServing('', serving),
  });
  closers.add('store watch', store.stop);
  open();
  closers.add('streams', drained);
  closers.add('server', () => drain(settings.drainMs));
  const { metricsAddress } = telemetry;
  await announceReady(process.env, NAME, address, metricsAddress);
  log.info('Serving.', { address, metricsAddress });
}

/**
 * Connections for requests and for looking after waiting statements; a batch never waits for
 * either.
 */
async function openSubmissions(
  settings: CommandConfig,
  { closers, log, stopping }: ServiceContext,
): Promise<SubmissionContext> {
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

/** Reads on connections of its own: commands never wait for those who follow the log. */
async function startEventLog(
  settings: CommandConfig,
  { closers, log, stopping }: ServiceContext,
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
  const ledger = await whenThere(EVENT_STORE, { log, stopping }, () => readLedger(db));
  return openEventLog({ db, log, ledger, limits: settings.eventLog, stopping });
}

function startBatcher(
  settings: CommandConfig,
  { closers, log }: ServiceContext,
  { watchPool, partitionCount, stoppedOwner }: SubmissionContext,
  bulkMode: BulkMode,
  eventLog: EventLog,
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
