/**
 * All settings and limits of projector-svc, with their units in the names. The environment is read
 * once, at the start; a wrong value ends the process with its variable and the rule.
 */
import { z } from 'zod';
import { AUTH_ENV, authSettings, type AuthSettings } from '#platform/auth-settings.ts';
import { envInt, envText, parseEnv } from '#platform/config.ts';
import { QUOTA_ENV, quotaLimits, type QuotaLimits } from '#platform/quota-limits.ts';
import { SERVER_ENV, serverLimits, type ServerLimits } from '#platform/server-limits.ts';
import type { StoppedOwnerLimits } from '#platform/stopped-owner.ts';
import { REACHED_PARTS_ENV, reachedParts } from './reached-parts.ts';
import type { ReachedParts } from './reached-parts.ts';

export const TOPIC = 'bank.account-events';
const CONSUMER_GROUP = 'bank-projector';
export const SLOT = 'bank_outbox';
export const CONNECTOR = 'bank-outbox';
/** The migrations that this code needs. */
export const SCHEMA = { eventStore: 6, projectionStore: 5 } as const;

export const BATCH = {
  /** Large transactions in flight in this process, each of another partition. */
  inFlightMax: 4,
  /** Partitions that write at most so much share transactions, of which so many are in flight. */
  sharedBytesMax: 64 * 1024,
  sharedInFlightMax: 2,
  /** They wait for a head so long together; then each waits alone. */
  sharedLockTimeoutMs: 100,
  /** Bytes of records that wait in a partition before its fetching is paused. */
  queueBytesMax: 4 * 1024 * 1024,
  /** From the message to its answer; then the connection is given up. */
  answerMs: 30_000,
  /** For the row lock of projected_heads. */
  lockTimeoutMs: 2000,
  /** The pause after a failed transaction: the first, and the longest. */
  retryFirstMs: 100,
  retryMaxMs: 2000,
} as const;

/** Below BATCH.lockTimeoutMs, so that the one that waits still waits when it is looked after. */
export const STOPPED_OWNER: StoppedOwnerLimits = { lookAfterMs: 1500, transactionAgeMs: 5000 };

export const KAFKA = {
  sessionTimeoutMs: 6000,
  heartbeatMs: 1500,
  rebalanceTimeoutMs: 10_000,
  bytesPerPartitionMax: 8 * 1024 * 1024,
  fetchBytesMax: 16 * 1024 * 1024,
  fetchWaitMs: 500,
  partitionsConcurrently: 4,
  commitEveryMs: 1000,
  /**
   * Without any sign of life for so long the process ends: a consumer never stands still in
   * silence.
   */
  silenceMs: 60_000,
  connectFirstMs: 200,
  connectMaxMs: 5000,
  /** How long the end waits for the group to be left. */
  leaveMs: 3000,
} as const;

export const TAIL = {
  compareEveryMs: 1000,
  /** While the outbox feeds a partition. */
  feedEveryMs: 100,
  /** Behind, and no partition moved by anybody for so long: a lost tail, or Kafka is down. */
  unmovedMs: 2000,
  /**
   * The same while others move (its records may only wait in a long queue), and before Kafka has
   * moved any (it may only be starting).
   */
  unmovedPatientMs: 5000,
  /**
   * Ahead of the event store by the same position for so long: it is an older copy. Less may be a
   * commit that Debezium has read and nobody else sees yet.
   */
  aheadMs: 3000,
  /** The outbox has had nothing to feed for so long: Kafka is waited for again. */
  quietMs: 10_000,
  /** One read of the outbox: records, and bytes (one record is always read). */
  readRecordsMax: 500,
  readBytesMax: 4 * 1024 * 1024,
  /** A position that the log has not reached is looked for so often, with pauses of so long. */
  rereadAttempts: 20,
  rereadPauseMs: 50,
  /** Records beyond the log that are kept in one step, after one such wait. */
  beyondLogMax: 1000,
  /** Comparisons in a row that cannot read the projection; then health says NOT_SERVING. */
  unreadableMax: 5,
} as const;

export const ACKNOWLEDGEMENTS = {
  streamsMax: 256,
  /** Rows of each partition that one read takes. */
  rowsPerPartition: 8,
  pollMs: 1000,
  checkpointMs: 10_000,
  /** A stream is ended with STREAM_ROTATED at this age: before the connection's own age cuts it. */
  streamAgeMaxMs: 9 * 60_000,
  /** Tries of a read while the store cannot be reached; then PROJECTION_UNAVAILABLE. */
  readAttempts: 6,
  readRetryFirstMs: 100,
  readRetryMaxMs: 2000,
  retryAfterMs: 200,
} as const;

export const DEAD_LETTERS = {
  /** Of records from Kafka whose position the event store has in good order: the oldest goes. */
  keptMax: 10_000,
  payloadBytesMax: 64 * 1024,
  headersMax: 32,
  /** Of a header's name, its value, and of the message. */
  textLengthMax: 1024,
  /** Accounts, and letters of the event store; more is no fault of theirs: the partition stops. */
  parkedMax: 10_000,
  pageSizeDefault: 100,
  pageSizeMax: 1000,
  /** Payloads of one page (one letter is always told). */
  pageBytesMax: 2 * 1024 * 1024,
  /** Of one letter. */
  accountsNamedMax: 1000,
  failedNamedMax: 100,
} as const;

export const RETRY = {
  /** One transaction of a retry: records, and their bytes (one record is always read). */
  recordsMax: 50,
  bytesMax: 4 * 1024 * 1024,
  /** Letters that are read at a time. */
  lettersMax: 100,
  /** Tries while another replica retries the same, or a connection is lost. */
  attempts: 5,
  firstMs: 50,
  maxMs: 1000,
  retryAfterMs: 1000,
} as const;

export const NOTICES = {
  /** One NOTIFY in so long, for all that was committed in it. */
  everyMs: 5,
  /** A transaction that changes more accounts does not name them: it wakes all their watchers. */
  accountsNamedMax: 500,
} as const;

export const POOLS = {
  /** And a retry. */
  projecting: BATCH.inFlightMax + BATCH.sharedInFlightMax + 1,
  reading: 6,
  /** The comparison of heads, and the count of what is parked. */
  watching: 2,
  eventStore: 4,
} as const;
/** For a statement that reads. */
export const READ_TIMEOUT_MS = 30_000;
/** For a connection, and for an answer, of what looks at the projection store every second. */
export const WATCH_TIMEOUT_MS = 2000;

/** How long the start waits for the consumer's first assignment before it says that it is ready. */
export const READY_WAIT_MS = 10_000;
/** The part of the grace that running calls get. */
export const DRAIN_MS = 4000;

/** What bulk mode changes here. */
export type ProjectSettings = {
  /**
   * Events of one transaction; a record is never cut, so a larger one is a transaction of its own.
   */
  readonly batchEventsMax: number;
  /**
   * How long records may wait for more while something is in flight; with nothing in flight they
   * never wait.
   */
  readonly batchTimeoutMs: number;
};

export type ProjectorConfig = ReachedParts & {
  topic: string;
  consumerGroup: string;
  /** What Connect is given when it has lost its connector; undefined: then people do that. */
  connectorFile: string | undefined;
  server: ServerLimits;
  auth: AuthSettings;
  quotas: QuotaLimits;
  instance: string;
  logLevel: string;
  normal: ProjectSettings;
  bulk: ProjectSettings;
};

const schema = z
  .object({
    ...SERVER_ENV,
    ...REACHED_PARTS_ENV,
    ...AUTH_ENV,
    ...QUOTA_ENV,
    BANK_CONNECTOR_FILE: z.string().min(1).optional(),
    BANK_INSTANCE: envText(`projector-svc-${process.pid}`),
    BANK_LOG_LEVEL: envText('info'),
    BANK_PROJECTOR_BATCH_EVENTS_MAX: envInt({ min: 1, max: 100_000, default: 500 }),
    BANK_PROJECTOR_BATCH_TIMEOUT_MS: envInt({ min: 1, max: 10_000, default: 100 }),
    BANK_PROJECTOR_BULK_BATCH_EVENTS_MAX: envInt({ min: 1, max: 100_000, default: 2_000 }),
    BANK_PROJECTOR_BULK_BATCH_TIMEOUT_MS: envInt({ min: 1, max: 10_000, default: 25 }),
  })
  .transform((env, ctx): ProjectorConfig => ({
    ...reachedParts(env, ctx),
    topic: TOPIC,
    consumerGroup: CONSUMER_GROUP,
    connectorFile: env.BANK_CONNECTOR_FILE,
    server: serverLimits(env),
    auth: authSettings(env, env.BANK_PROJECTOR_LISTEN, 'BANK_PROJECTOR_LISTEN'),
    quotas: quotaLimits(env),
    instance: env.BANK_INSTANCE,
    logLevel: env.BANK_LOG_LEVEL,
    normal: {
      batchEventsMax: env.BANK_PROJECTOR_BATCH_EVENTS_MAX,
      batchTimeoutMs: env.BANK_PROJECTOR_BATCH_TIMEOUT_MS,
    },
    bulk: {
      batchEventsMax: env.BANK_PROJECTOR_BULK_BATCH_EVENTS_MAX,
      batchTimeoutMs: env.BANK_PROJECTOR_BULK_BATCH_TIMEOUT_MS,
    },
  }));

export function readConfig(env: NodeJS.ProcessEnv): ProjectorConfig {
  return parseEnv(schema, env);
}
