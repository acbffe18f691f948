/**
 * Every setting and bound of query-svc, read from the environment once, at the start. A value out
 * of bounds ends the start with a ConfigError that names the variable, the value and the rule.
 */
import { z } from 'zod';
import { AUTH_ENV, authSettings, type AuthSettings } from '#platform/auth-settings.ts';
import { envAddress, envInt, envText, parseEnv, type Address } from '#platform/config.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import { QUOTA_ENV, quotaLimits, type QuotaLimits } from '#platform/quota-limits.ts';
import { SERVER_ENV, serverLimits, type ServerLimits } from '#platform/server-limits.ts';
import { TRANSPORT_ENV, transportSettings } from '#platform/transport-settings.ts';

export type CacheSettings = {
  /** How old a cached answer may get; 0: the cache is neither read nor written. */
  readonly cacheTtlMs: number;
};

export type QueryConfig = {
  readonly projectionStoreUrl: string;
  readonly redisUrl: string;
  readonly listen: Address;
  /** undefined: plaintext, on this machine only. */
  readonly tls: ListenerTls | undefined;
  readonly server: ServerLimits;
  readonly auth: AuthSettings;
  readonly quotas: QuotaLimits;
  readonly instance: string;
  readonly logLevel: string;
  /** Connections to the projection store, one more beside them listens. */
  readonly connectionsMax: number;
  readonly statementTimeoutMs: number;
  /** What bulk mode changes: both columns. */
  readonly normal: CacheSettings;
  readonly bulk: CacheSettings;
  /** After a failure of Redis nobody asks it for so long. */
  readonly cachePauseMs: number;
  /** Cache writes in flight; more are dropped. */
  readonly cacheWritesMax: number;
  /** Callers that wait for a version at once; more are refused. */
  readonly waitersMax: number;
  /** Streams of WatchAccount at once; more are refused. */
  readonly watchersMax: number;
  /** Long streams end with STREAM_ROTATED at this age, before the connection's own cuts them. */
  readonly streamAgeMaxMs: number;
  /** How long a caller without a deadline waits for a version. */
  readonly waitMaxMs: number;
  /**
   * So long before the caller's deadline, but at most a tenth of the time left, a wait is given up.
   */
  readonly waitMarginMs: number;
  /** Waited-for versions are looked up so often when no notice comes. */
  readonly pollMs: number;
  /** Notices in quick succession: one look-up in so long. */
  readonly lookUpGapMs: number;
  readonly drainMs: number;
};

export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1_000;
export const BATCH_ACCOUNTS_MAX = 1_000;
/** What a filter may hold: as much as an account may have. */
export const LABELS_MAX = 16;
export const LABEL_KEY_CHARACTERS_MAX = 63;
export const LABEL_VALUE_CHARACTERS_MAX = 255;
export const TEXT_CHARACTERS_MAX = 140;
/** Types of entries that one request names. */
export const ENTRY_TYPES_MAX = 64;
/** Reads of accounts: read-gather.ts. */
export const READS = { readsMax: 2, accountsMax: 200 } as const;
/** News of watched accounts: account-changes.ts. */
export const CHANGES = {
  /** Watchers are looked after so often when no notice comes. */
  pollMs: 1_000,
  /** Between two reads; behind one that named everyone, longer. */
  gapMs: 2,
  everyoneGapMs: 25,
  /** Of one read: accounts with the versions known of them, and entries in all. */
  wishesARead: 1_000,
  entriesARead: 5_000,
  /** Of one account at once; a message with conflation holds so many. */
  entriesAChange: 100,
  /** Reads in a row that fail; then the watchers' streams end. */
  failuresMax: 5,
} as const;
export const WATCHES = {
  checkpointMs: 10_000,
  /** Of one stream; more is not sent before its caller has read. */
  unsentBytesMax: 64 * 1024,
} as const;
export const STATEMENTS = {
  streamsMax: 64,
  /** Of one message, read at once. */
  pageEntries: 500,
  unsentBytesMax: 128 * 1024,
} as const;
export const PAGES = {
  /** Filters that have no index look at so many entries, or accounts, for one page. */
  entriesLookedAtMax: 20_000,
  accountsLookedAtMax: 10_000,
} as const;
/** Callers that are told to come again may do so after this. */
export const RETRY_AFTER_MS = 1_000;

const ENV = z.object({
  ...SERVER_ENV,
  ...TRANSPORT_ENV,
  ...AUTH_ENV,
  ...QUOTA_ENV,
  BANK_PROJECTION_STORE_URL: envText(),
  BANK_REDIS_URL: envText(),
  BANK_QUERY_LISTEN: envAddress('127.0.0.1:50052'),
  BANK_INSTANCE: envText(`query-svc-${process.pid}`),
  BANK_LOG_LEVEL: envText('info'),
  BANK_QUERY_CONNECTIONS_MAX: envInt({ min: 1, max: 200, default: 10 }),
  BANK_QUERY_STATEMENT_TIMEOUT_MS: envInt({ min: 100, max: 60_000, default: 5_000 }),
  BANK_QUERY_CACHE_TTL_MS: envInt({ min: 0, max: 60_000, default: 1_000 }),
  BANK_QUERY_BULK_CACHE_TTL_MS: envInt({ min: 0, max: 60_000, default: 0 }),
  BANK_QUERY_CACHE_PAUSE_MS: envInt({ min: 10, max: 60_000, default: 500 }),
  BANK_QUERY_CACHE_WRITES_MAX: envInt({ min: 1, max: 100_000, default: 1_000 }),
  BANK_QUERY_WAITERS_MAX: envInt({ min: 1, max: 1_000_000, default: 10_000 }),
  BANK_QUERY_WATCHERS_MAX: envInt({ min: 1, max: 100_000, default: 2_000 }),
  BANK_QUERY_STREAM_AGE_MAX_MS: envInt({ min: 100, max: 3_600_000, default: 540_000 }),
  BANK_QUERY_WAIT_MAX_MS: envInt({ min: 1, max: 600_000, default: 30_000 }),
  BANK_QUERY_WAIT_MARGIN_MS: envInt({ min: 0, max: 1_000, default: 100 }),
  BANK_QUERY_POLL_MS: envInt({ min: 10, max: 10_000, default: 250 }),
  BANK_QUERY_LOOK_UP_GAP_MS: envInt({ min: 0, max: 1_000, default: 2 }),
  BANK_QUERY_DRAIN_MS: envInt({ min: 100, max: 8_000, default: 5_000 }),
});
type Env = z.infer<typeof ENV>;

const SCHEMA = ENV.transform((env, ctx): QueryConfig => ({
  projectionStoreUrl: env.BANK_PROJECTION_STORE_URL,
  redisUrl: env.BANK_REDIS_URL,
  listen: env.BANK_QUERY_LISTEN,
  tls: transportOf(env, ctx),
  server: serverLimits(env),
  auth: authSettings(env, env.BANK_QUERY_LISTEN, 'BANK_QUERY_LISTEN'),
  quotas: quotaLimits(env),
  instance: env.BANK_INSTANCE,
  logLevel: env.BANK_LOG_LEVEL,
  connectionsMax: env.BANK_QUERY_CONNECTIONS_MAX,
  statementTimeoutMs: env.BANK_QUERY_STATEMENT_TIMEOUT_MS,
  normal: { cacheTtlMs: env.BANK_QUERY_CACHE_TTL_MS },
  bulk: { cacheTtlMs: env.BANK_QUERY_BULK_CACHE_TTL_MS },
  cachePauseMs: env.BANK_QUERY_CACHE_PAUSE_MS,
  cacheWritesMax: env.BANK_QUERY_CACHE_WRITES_MAX,
  waitersMax: env.BANK_QUERY_WAITERS_MAX,
  watchersMax: env.BANK_QUERY_WATCHERS_MAX,
  streamAgeMaxMs: env.BANK_QUERY_STREAM_AGE_MAX_MS,
  waitMaxMs: env.BANK_QUERY_WAIT_MAX_MS,
  waitMarginMs: env.BANK_QUERY_WAIT_MARGIN_MS,
  pollMs: env.BANK_QUERY_POLL_MS,
  lookUpGapMs: env.BANK_QUERY_LOOK_UP_GAP_MS,
  drainMs: env.BANK_QUERY_DRAIN_MS,
}));

function transportOf(env: Env, ctx: z.RefinementCtx): ListenerTls | undefined {
  const { BANK_QUERY_LISTEN: listen, BANK_PROJECTION_STORE_URL, BANK_REDIS_URL } = env;
  const urls = { BANK_PROJECTION_STORE_URL, BANK_REDIS_URL };
  return transportSettings(env, { listen: ['BANK_QUERY_LISTEN', listen], urls }, ctx);
}

export function readConfig(env: NodeJS.ProcessEnv): QueryConfig {
  return parseEnv(SCHEMA, env);
}
