/**
 * command-svc: takes commands, stores what they decide. Wiring only: settings, connections, the
 * batcher with its lanes, the handlers, the server. Starts when the event store's schema is there;
 * without Redis it serves, slower.
 */
import { writeAudit } from '#platform/audit.ts';
import { auditRefusals } from '#platform/audited-refusals.ts';
import { createByteBudget } from '#platform/byte-budget.ts';
import { createGrpcServer, unimplemented, type Starting } from '#platform/grpc-server.ts';
import { runService, type ServiceContext } from '#platform/lifecycle.ts';
import { createLogger } from '#platform/logger.ts';
import { quotasOf } from '#platform/quotas.ts';
import { announceReady } from '#platform/service-ready.ts';
import { settingsOrExit } from '#platform/settings-or-exit.ts';
import { createSlots } from '#platform/slots.ts';
import { watchStore } from '#platform/store-watch.ts';
import { startTelemetry } from '#platform/telemetry.ts';
import { AccountCommandServiceService } from '#proto/bank/v1/account_command_service.ts';
import { BulkModeServiceService } from '#proto/bank/v1/bulk_mode_service.ts';
import { DECODED_MESSAGES_BYTES_MAX, UNREAD_RESULTS_MAX } from './bounds.ts';
import { accountCommandHandlers } from './account-commands.ts';
import { Holders } from './account-holder.ts';
import { watchUploads } from './batching-metrics.ts';
import { createBulkIntake } from './bulk-intake.ts';
import { bulkModeHandlers } from './bulk-mode-requests.ts';
import { openBulkMode } from './bulk-mode.ts';
import { openCheckpoints } from './open-checkpoints.ts';
import { bulkServiceDefinition } from './bulk-messages.ts';
import { COMMAND_SCOPES } from './call-scopes.ts';
import { readConfig, type CommandConfig } from './config.ts';
import { eventLogDefinition } from './event-log.ts';
import { startExpiryWorker } from './expiry-worker.ts';
import { openSealing } from './open-sealing.ts';
import { openSubmissions } from './open-submissions.ts';
import { startBatcher } from './start-batcher.ts';
import { startEventLog } from './start-event-log.ts';
import { submissionHandlers } from './submissions.ts';
import { tooManyUploads } from './take-stream.ts';
import { createUnreadRoom } from './unread-room.ts';

const NAME = 'command-svc';
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

const config = settingsOrExit(readConfig);
const log = createLogger({ service: NAME, instance: config.instance, level: config.logLevel });
await runService({ name: NAME, log, start: (context) => start(config, context) });

async function start(settings: CommandConfig, context: ServiceContext): Promise<void> {
  const { closers, log, stopping } = context;
  const { instance } = settings;
  const telemetry = await startTelemetry({ service: NAME, instance, env: process.env });
  closers.add('telemetry', telemetry.shutdown);
  const refusals = auditRefusals(log);
  const outermost = refusals.interceptor;
  const quotas = quotasOf(settings, context);
  const { server: limits, auth, tls } = settings;
  const access = { auth, scopes: COMMAND_SCOPES, quotas };
  const serving = { limits, longMethods: LONG_METHODS, tls, access, outermost };
  const { server, listen, open, setServing, drain } = createGrpcServer({ log, ...serving });
  const address = await listen(settings.listen, STARTING);
  closers.add('listener', () => drain(0));
  const { redisUrl } = settings;
  const options = { ...settings.bulkMode, redisUrl, service: NAME, instance };
  const bulkMode = openBulkMode(options, context);
  const opened = await openSubmissions(settings, context);
  const { eventStore } = opened;
  refusals.writeTo((entries) => writeAudit(eventStore, ...entries));
  closers.add('audited refusals', refusals.close);
  const sealing = await openSealing(settings, context);
  const ownerKeys = sealing?.ownerKeys;
  const submissions = { ...opened, holders: new Holders(ownerKeys) };
  const eventLog = await startEventLog(settings, context, submissions);
  const batcher = startBatcher(settings, context, submissions, bulkMode, eventLog, ownerKeys);

  const expiry = startExpiryWorker({ ...submissions, batcher }, settings.expiry);
  closers.add('expiry worker', () => expiry.stop());

  openCheckpoints(settings, context);

  const { states } = settings;
  const bounds = { ...intakeBounds(settings), itemQuota: quotas?.items };
  const intake = createBulkIntake({ ...submissions, ...bounds, batcher, bulkMode, stopping });
  const commands = accountCommandHandlers({ ...submissions, batcher, states }, sealing);
  const { drained, ...uploading } = intake;
  const bulk = { ...submissionHandlers(submissions), ...uploading };
  server.addService(
    AccountCommandServiceService,
    unimplemented(AccountCommandServiceService, commands),
  );
  server.addService(bulkServiceDefinition, unimplemented(bulkServiceDefinition, bulk));
  server.addService(
    BulkModeServiceService,
    bulkModeHandlers(bulkMode, log, { db: eventStore, log }),
  );
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

function intakeBounds({ streamIdleMs, streamResultsMax, states, uploadsMax }: CommandConfig) {
  const uploads = createSlots(uploadsMax, tooManyUploads);
  watchUploads(uploads.taken);
  const messages = createByteBudget(DECODED_MESSAGES_BYTES_MAX);
  const unreadResults = createUnreadRoom(UNREAD_RESULTS_MAX, uploadsMax);
  return { streamIdleMs, streamResultsMax, states, messages, unreadResults, uploads };
}
