/**
 * Every setting and bound of command-svc, read from the environment once, at the start. A value out
 * of bounds ends the start with a ConfigError that names the variable, the value and the rule.
 */
import { z } from 'zod';
import { AUTH_ENV, authSettings, type AuthSettings } from '#platform/auth-settings.ts';
import { envAddress, envInt, envText, parseEnv, type Address } from '#platform/config.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import { QUOTA_ENV, quotaLimits, type QuotaLimits } from '#platform/quota-limits.ts';
import { SERVER_ENV, serverLimits, type ServerLimits } from '#platform/server-limits.ts';
import { TRANSPORT_ENV, transportSettings } from '#platform/transport-settings.ts';
import type { AppendLimits } from './batch.ts';
import type { BatcherLimits } from './batch-start.ts';
import type { BulkModeConfig } from './bulk-mode.ts';
import type { CheckpointSettings } from './checkpoints.ts';
import type { DeferralLimits } from './batch.ts';
import type { ExpiryLimits } from './expiry-worker.ts';
import type { EventLogLimits } from './event-log.ts';
import type { StatesLimits } from './lane-states.ts';
import type { StoppedOwnerLimits } from '#platform/stopped-owner.ts';
import type { SubmissionLimits } from './submission-transactions.ts';

export type CommandConfig = {
  readonly eventStoreUrl: string;
  readonly redisUrl: string;
  readonly listen: Address;
  /** undefined: plaintext, on this machine only. */
  readonly tls: ListenerTls | undefined;
  readonly server: ServerLimits;
  readonly auth: AuthSettings;
  readonly quotas: QuotaLimits;
  readonly instance: string;
  readonly logLevel: string;
  /** Connections for batches; handlers and watching have pools of their own. */
  readonly batchConnectionsMax: number;
  readonly requestConnectionsMax: number;
  readonly lockTimeoutMs: number;
  readonly requestStatementTimeoutMs: number;
  /** In normal mode; bulk mode changes some of them. */
  readonly batcher: BatcherLimits;
  readonly bulkMode: BulkModeConfig;
  readonly states: StatesLimits;
  readonly append: AppendLimits;
  readonly deferral: DeferralLimits;
  readonly stoppedOwner: StoppedOwnerLimits;
  /** Life of an account's lock in Redis; a batch takes milliseconds. */
  readonly accountLockMs: number;
  readonly submissions: SubmissionLimits;
  readonly expiry: ExpiryLimits;
  /** Uploads at once, streams and direct batches; more are refused. */
  readonly uploadsMax: number;
  /** A bulk stream without a message for so long is ended. */
  readonly streamIdleMs: number;
  /** Items of one stream whose results its caller has not read yet; one message may be more. */
  readonly streamResultsMax: number;
  readonly eventLog: EventLogLimits;
  /** Undefined: none are made. */
  readonly checkpoints: CheckpointSettings | undefined;
  readonly drainMs: number;
};

const NOT_SET = '';

const ENV = z.object({
  ...SERVER_ENV,
  ...TRANSPORT_ENV,
  ...AUTH_ENV,
  ...QUOTA_ENV,
  BANK_EVENT_STORE_URL: envText(),
  BANK_REDIS_URL: envText(),
  BANK_COMMAND_LISTEN: envAddress('127.0.0.1:50051'),
  BANK_INSTANCE: envText(`command-svc-${process.pid}`),
  BANK_LOG_LEVEL: envText('info'),
  BANK_COMMAND_BATCH_ITEMS_MAX: envInt({ min: 1, max: 5_000, default: 1_000 }),
  BANK_COMMAND_BATCH_BYTES_MAX: envInt({ min: 10_000, max: 2_000_000, default: 900_000 }),
  BANK_COMMAND_BATCH_TIMEOUT_MS: envInt({ min: 1, max: 10_000, default: 100 }),
  BANK_COMMAND_BATCH_PROCESSORS: envInt({ min: 1, max: 64, default: 8 }),
  BANK_COMMAND_PARTIAL_BATCH_PROCESSORS: envInt({ min: 1, max: 64, default: 2 }),
  BANK_COMMAND_UNARY_PROCESSORS: envInt({ min: 1, max: 64, default: 3 }),
  BANK_COMMAND_PARTIAL_PATIENCE_MS: envInt({ min: 1, max: 60_000, default: 1_000 }),
  BANK_COMMAND_UNARY_PATIENCE_MS: envInt({ min: 1, max: 60_000, default: 100 }),
  BANK_COMMAND_BESIDE_UNARY_ITEMS_MAX: envInt({ min: 0, max: 5_000, default: 30 }),
  BANK_COMMAND_NEAR_UNARY_ITEMS_MAX: envInt({ min: 1, max: 5_000, default: 80 }),
  BANK_COMMAND_QUEUE_BYTES_MAX: envInt({ min: 10_000, max: 100_000_000, default: 4_000_000 }),
  BANK_COMMAND_QUEUE_ITEMS_MAX: envInt({ min: 1, max: 100_000, default: 5_000 }),
  BANK_COMMAND_QUEUE_MS_MAX: envInt({ min: 1, max: 600_000, default: 10_000 }),
  BANK_COMMAND_BULK_BATCH_ITEMS_MAX: envInt({ min: 1, max: 5_000, default: 5_000 }),
  BANK_COMMAND_BULK_BATCH_TIMEOUT_MS: envInt({ min: 1, max: 10_000, default: 50 }),
  BANK_COMMAND_BULK_BATCH_PROCESSORS: envInt({ min: 1, max: 64, default: 16 }),
  BANK_COMMAND_BULK_QUEUE_ITEMS_MAX: envInt({ min: 1, max: 100_000, default: 10_000 }),
  BANK_COMMAND_STREAM_LEASE_MS: envInt({ min: 1_000, max: 60_000, default: 10_000 }),
  // Each takes some 650 bytes of the heap: 200,000 leave a stream too little of 256 MB.
  BANK_COMMAND_CACHED_ACCOUNTS_MAX: envInt({ min: 1_000, max: 10_000_000, default: 50_000 }),
  BANK_COMMAND_ROWS_BEHIND_MAX: envInt({ min: 1, max: 1_000, default: 20 }),
  BANK_COMMAND_LOCK_TIMEOUT_MS: envInt({ min: 100, max: 60_000, default: 2_000 }),
  BANK_COMMAND_BLOCKED_LOOK_MS: envInt({ min: 50, max: 60_000, default: 1_500 }),
  BANK_COMMAND_STOPPED_OWNER_AGE_MS: envInt({ min: 100, max: 600_000, default: 5_000 }),
  BANK_COMMAND_ANSWER_TIMEOUT_MS: envInt({ min: 500, max: 120_000, default: 10_000 }),
  BANK_COMMAND_APPEND_RETRY_MS: envInt({ min: 100, max: 600_000, default: 30_000 }),
  BANK_COMMAND_ACCOUNT_LOCK_MS: envInt({ min: 500, max: 120_000, default: 10_000 }),
  BANK_COMMAND_LOCK_DEFERRALS_MAX: envInt({ min: 0, max: 100, default: 5 }),
  BANK_COMMAND_REQUEST_CONNECTIONS_MAX: envInt({ min: 1, max: 200, default: 10 }),
  BANK_COMMAND_REQUEST_STATEMENT_TIMEOUT_MS: envInt({ min: 100, max: 600_000, default: 30_000 }),
  BANK_COMMAND_UPLOADS_MAX: envInt({ min: 1, max: 10_000, default: 64 }),
  BANK_COMMAND_STREAM_IDLE_MS: envInt({ min: 100, max: 3_600_000, default: 60_000 }),
  BANK_COMMAND_STREAM_RESULTS_MAX: envInt({ min: 1, max: 1_000_000, default: 10_000 }),
  BANK_COMMAND_EXPIRY_EVERY_MS: envInt({ min: 10, max: 600_000, default: 1_000 }),
  BANK_COMMAND_SUBSCRIPTIONS_MAX: envInt({ min: 1, max: 1_000, default: 64 }),
  BANK_COMMAND_ACCOUNT_READERS_MAX: envInt({ min: 1, max: 1_000, default: 64 }),
  BANK_COMMAND_FEED_POLL_MS: envInt({ min: 1, max: 10_000, default: 20 }),
  /** Both, or none: none are made then. */
  BANK_CHECKPOINT_FILE: envText(NOT_SET),
  BANK_CHECKPOINT_KEY_FILE: envText(NOT_SET),
  BANK_CHECKPOINT_EVERY_MS: envInt({ min: 100, max: 86_400_000, default: 300_000 }),
  BANK_COMMAND_DRAIN_MS: envInt({ min: 100, max: 8_000, default: 6_000 }),
});
type Env = z.infer<typeof ENV>;

const SCHEMA = ENV.transform((env, ctx): CommandConfig => ({
  eventStoreUrl: env.BANK_EVENT_STORE_URL,
  redisUrl: env.BANK_REDIS_URL,
  listen: env.BANK_COMMAND_LISTEN,
  tls: transportOf(env, ctx),
  server: serverLimits(env),
  auth: authSettings(env, env.BANK_COMMAND_LISTEN, 'BANK_COMMAND_LISTEN'),
  quotas: quotaLimits(env),
  instance: env.BANK_INSTANCE,
  logLevel: env.BANK_LOG_LEVEL,
  // Unary commands start beside the bulk batches in flight: as many connections again.
  batchConnectionsMax:
    Math.max(env.BANK_COMMAND_BATCH_PROCESSORS, env.BANK_COMMAND_BULK_BATCH_PROCESSORS) * 2,
  requestConnectionsMax: env.BANK_COMMAND_REQUEST_CONNECTIONS_MAX,
  lockTimeoutMs: env.BANK_COMMAND_LOCK_TIMEOUT_MS,
  requestStatementTimeoutMs: env.BANK_COMMAND_REQUEST_STATEMENT_TIMEOUT_MS,
  batcher: batcherLimits(env),
  bulkMode: bulkModeConfig(env),
  states: {
    accountsMax: env.BANK_COMMAND_CACHED_ACCOUNTS_MAX,
    rowsBehindMax: env.BANK_COMMAND_ROWS_BEHIND_MAX,
    loadRoundsMax: 5,
    withHolders: env.BANK_AUTH !== 'off',
  },
  append: {
    answerTimeoutMs: env.BANK_COMMAND_ANSWER_TIMEOUT_MS,
    retryForMs: env.BANK_COMMAND_APPEND_RETRY_MS,
    retryPauseFirstMs: 20,
    retryPauseMaxMs: 1_000,
    conflictsMax: 5,
  },
  deferral: {
    deferralsMax: env.BANK_COMMAND_LOCK_DEFERRALS_MAX,
    pauseMinMs: 5,
    pauseMaxMs: 20,
  },
  stoppedOwner: {
    lookAfterMs: env.BANK_COMMAND_BLOCKED_LOOK_MS,
    transactionAgeMs: env.BANK_COMMAND_STOPPED_OWNER_AGE_MS,
  },
  submissions: {
    triesMax: 6,
    retryPauseFirstMs: 50,
    retryPauseMaxMs: 1_000,
    retryAfterMs: 1_000,
  },
  expiry: { everyMs: env.BANK_COMMAND_EXPIRY_EVERY_MS, holdsMax: 1_000 },
  accountLockMs: env.BANK_COMMAND_ACCOUNT_LOCK_MS,
  streamResultsMax: env.BANK_COMMAND_STREAM_RESULTS_MAX,
  uploadsMax: env.BANK_COMMAND_UPLOADS_MAX,
  streamIdleMs: env.BANK_COMMAND_STREAM_IDLE_MS,
  eventLog: {
    subscriptionsMax: env.BANK_COMMAND_SUBSCRIPTIONS_MAX,
    accountReadersMax: env.BANK_COMMAND_ACCOUNT_READERS_MAX,
    pollMs: env.BANK_COMMAND_FEED_POLL_MS,
  },
  checkpoints: checkpointSettings(env),
  drainMs: env.BANK_COMMAND_DRAIN_MS,
}))
  .refine((config) => config.stoppedOwner.lookAfterMs < config.lockTimeoutMs, {
    path: ['BANK_COMMAND_BLOCKED_LOOK_MS'],
    message: 'must be below BANK_COMMAND_LOCK_TIMEOUT_MS',
  })
  .refine(({ checkpoints }) => checkpoints?.file !== NOT_SET, {
    path: ['BANK_CHECKPOINT_FILE'],
    message: 'must be set where BANK_CHECKPOINT_KEY_FILE is',
  })
  .refine(({ checkpoints }) => checkpoints?.keyFile !== NOT_SET, {
    path: ['BANK_CHECKPOINT_KEY_FILE'],
    message: 'must be set where BANK_CHECKPOINT_FILE is',
  });

function checkpointSettings(env: Env): CheckpointSettings | undefined {
  const { BANK_CHECKPOINT_FILE: file, BANK_CHECKPOINT_KEY_FILE: keyFile } = env;
  if (file === NOT_SET && keyFile === NOT_SET) return undefined;
  return { file, keyFile, everyMs: env.BANK_CHECKPOINT_EVERY_MS };
}

function batcherLimits(env: Env): BatcherLimits {
  return {
    batchItemsMax: env.BANK_COMMAND_BATCH_ITEMS_MAX,
    batchBytesMax: env.BANK_COMMAND_BATCH_BYTES_MAX,
    batchTimeoutMs: env.BANK_COMMAND_BATCH_TIMEOUT_MS,
    processors: env.BANK_COMMAND_BATCH_PROCESSORS,
    partialProcessors: env.BANK_COMMAND_PARTIAL_BATCH_PROCESSORS,
    partialPatienceMs: env.BANK_COMMAND_PARTIAL_PATIENCE_MS,
    unaryProcessors: env.BANK_COMMAND_UNARY_PROCESSORS,
    unaryPatienceMs: env.BANK_COMMAND_UNARY_PATIENCE_MS,
    besideUnaryItemsMax: env.BANK_COMMAND_BESIDE_UNARY_ITEMS_MAX,
    shortBatchesMax: 3,
    nearUnaryItemsMax: env.BANK_COMMAND_NEAR_UNARY_ITEMS_MAX,
    nearUnaryMs: 1_000,
    queueBytesMax: env.BANK_COMMAND_QUEUE_BYTES_MAX,
    queueItemsMax: env.BANK_COMMAND_QUEUE_ITEMS_MAX,
    queueMsMax: env.BANK_COMMAND_QUEUE_MS_MAX,
  };
}

function bulkModeConfig(env: Env): CommandConfig['bulkMode'] {
  return {
    normal: {
      batchItemsMax: env.BANK_COMMAND_BATCH_ITEMS_MAX,
      batchTimeoutMs: env.BANK_COMMAND_BATCH_TIMEOUT_MS,
      batchProcessors: env.BANK_COMMAND_BATCH_PROCESSORS,
      queueItemsMax: env.BANK_COMMAND_QUEUE_ITEMS_MAX,
    },
    bulk: {
      batchItemsMax: env.BANK_COMMAND_BULK_BATCH_ITEMS_MAX,
      batchTimeoutMs: env.BANK_COMMAND_BULK_BATCH_TIMEOUT_MS,
      batchProcessors: env.BANK_COMMAND_BULK_BATCH_PROCESSORS,
      queueItemsMax: env.BANK_COMMAND_BULK_QUEUE_ITEMS_MAX,
    },
    streamLeaseMs: env.BANK_COMMAND_STREAM_LEASE_MS,
  };
}

function transportOf(env: Env, ctx: z.RefinementCtx): ListenerTls | undefined {
  const { BANK_COMMAND_LISTEN: listen, BANK_EVENT_STORE_URL, BANK_REDIS_URL } = env;
  const urls = { BANK_EVENT_STORE_URL, BANK_REDIS_URL };
  return transportSettings(env, { listen: ['BANK_COMMAND_LISTEN', listen], urls }, ctx);
}

export function readConfig(env: NodeJS.ProcessEnv): CommandConfig {
  return parseEnv(SCHEMA, env);
}
