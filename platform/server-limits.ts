/**
 * What a gRPC server takes from its callers, and the settings by which each service's config.ts
 * reads it: BANK_SERVER_*, the same in every service. Enforced by connection-guard.ts (what
 * concerns a connection), stream-guard.ts (what waits in memory) and call-guard.ts (a call).
 */
import { envInt } from './config.ts';

export type ServerLimits = {
  /** A greater message is refused by the transport, with a bare RESOURCE_EXHAUSTED. */
  readonly messageBytesMax: number;
  /** More are closed at once: their callers find UNAVAILABLE, and go to another replica. */
  readonly connectionsMax: number;
  /** Calls at once on one connection; more wait in the caller's own client. */
  readonly connectionStreamsMax: number;
  /**
   * Calls that a caller gives up (by cancelling, or by its deadline) on one connection: so many at
   * once, and so many a second after that; one more ends the connection.
   */
  readonly connectionResetsMax: number;
  readonly connectionResetsPerS: number;
  /** A connection without a call for so long is closed. */
  readonly connectionIdleMs: number;
  readonly connectionAgeMaxMs: number;
  readonly connectionAgeGraceMs: number;
  /** The server's own pings: a peer that does not answer is gone. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** A caller's ping so soon after another one, with nothing sent to it between, is a strike. */
  readonly pingGapMinMs: number;
  /** One strike more ends the connection: GOAWAY, ENHANCE_YOUR_CALM, as gRPC has it. */
  readonly pingStrikesMax: number;
  /** Metadata of one call, as HTTP/2 counts it: names, values and 32 bytes each. */
  readonly metadataBytesMax: number;
  /** A request that has begun must have come whole within so long. */
  readonly requestMs: number;
  /** Calls whose request is not whole, over all connections; the oldest gives way to the next. */
  readonly openRequestsMax: number;
  /** Bytes of messages that have come in part, over all calls; the oldest gives way. */
  readonly partialBytesMax: number;
  /** Bytes of an upload that are read before its handler takes them; a message may pass it. */
  readonly readAheadBytesMax: number;
  /** Unary calls in hand; more are refused with QUEUE_FULL and a time to come back. */
  readonly callsMax: number;
  /** The deadline of a unary call that has none, and of one that works on a whole submission. */
  readonly deadlineDefaultMs: number;
  readonly longDeadlineDefaultMs: number;
  /** Bytes of answers that a connection has not taken; one with more is ended. */
  readonly unsentBytesMax: number;
  /** Of all connections; then the one that most waits for is ended. */
  readonly allUnsentBytesMax: number;
};

const MIB = 1024 * 1024;

export const SERVER_LIMITS: ServerLimits = {
  messageBytesMax: 8 * MIB,
  connectionsMax: 1_000,
  connectionStreamsMax: 1_000,
  connectionResetsMax: 5_000,
  connectionResetsPerS: 1_000,
  connectionIdleMs: 15 * 60_000,
  connectionAgeMaxMs: 30 * 60_000,
  connectionAgeGraceMs: 10 * 60_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  pingGapMinMs: 10_000,
  pingStrikesMax: 2,
  metadataBytesMax: 8 * 1024,
  requestMs: 20_000,
  openRequestsMax: 4_000,
  partialBytesMax: 96 * MIB,
  readAheadBytesMax: 256 * 1024,
  callsMax: 2_000,
  deadlineDefaultMs: 60_000,
  longDeadlineDefaultMs: 10 * 60_000,
  unsentBytesMax: 32 * MIB,
  allUnsentBytesMax: 128 * MIB,
};

const DAY_MS = 24 * 3_600_000;
const within = (name: keyof ServerLimits, min: number, max: number) =>
  envInt({ min, max, default: SERVER_LIMITS[name] });

/** The fields of a service's environment. */
export const SERVER_ENV = {
  BANK_SERVER_MESSAGE_BYTES_MAX: within('messageBytesMax', 1024, 64 * MIB),
  BANK_SERVER_CONNECTIONS_MAX: within('connectionsMax', 1, 100_000),
  BANK_SERVER_CONNECTION_STREAMS_MAX: within('connectionStreamsMax', 1, 100_000),
  BANK_SERVER_CONNECTION_RESETS_MAX: within('connectionResetsMax', 1, 10_000_000),
  BANK_SERVER_CONNECTION_RESETS_PER_S: within('connectionResetsPerS', 1, 10_000_000),
  BANK_SERVER_CONNECTION_IDLE_MS: within('connectionIdleMs', 100, DAY_MS),
  BANK_SERVER_CONNECTION_AGE_MAX_MS: within('connectionAgeMaxMs', 1_000, DAY_MS),
  BANK_SERVER_CONNECTION_AGE_GRACE_MS: within('connectionAgeGraceMs', 1_000, DAY_MS),
  BANK_SERVER_KEEPALIVE_MS: within('keepaliveMs', 100, DAY_MS),
  BANK_SERVER_KEEPALIVE_TIMEOUT_MS: within('keepaliveTimeoutMs', 100, DAY_MS),
  BANK_SERVER_PING_GAP_MIN_MS: within('pingGapMinMs', 1, DAY_MS),
  BANK_SERVER_PING_STRIKES_MAX: within('pingStrikesMax', 0, 1_000),
  BANK_SERVER_METADATA_BYTES_MAX: within('metadataBytesMax', 1024, 60_000),
  BANK_SERVER_REQUEST_MS: within('requestMs', 100, 3_600_000),
  BANK_SERVER_OPEN_REQUESTS_MAX: within('openRequestsMax', 1, 100_000),
  BANK_SERVER_PARTIAL_BYTES_MAX: within('partialBytesMax', 1024, 4_096 * MIB),
  BANK_SERVER_READ_AHEAD_BYTES_MAX: within('readAheadBytesMax', 1, 64 * MIB),
  BANK_SERVER_CALLS_MAX: within('callsMax', 1, 100_000),
  BANK_SERVER_DEADLINE_DEFAULT_MS: within('deadlineDefaultMs', 100, 3_600_000),
  BANK_SERVER_LONG_DEADLINE_DEFAULT_MS: within('longDeadlineDefaultMs', 100, DAY_MS),
  BANK_SERVER_UNSENT_BYTES_MAX: within('unsentBytesMax', 1024, 4_096 * MIB),
  BANK_SERVER_ALL_UNSENT_BYTES_MAX: within('allUnsentBytesMax', 1024, 4_096 * MIB),
} as const;

export function serverLimits(env: { [K in keyof typeof SERVER_ENV]: number }): ServerLimits {
  return {
    messageBytesMax: env.BANK_SERVER_MESSAGE_BYTES_MAX,
    connectionsMax: env.BANK_SERVER_CONNECTIONS_MAX,
    connectionStreamsMax: env.BANK_SERVER_CONNECTION_STREAMS_MAX,
    connectionResetsMax: env.BANK_SERVER_CONNECTION_RESETS_MAX,
    connectionResetsPerS: env.BANK_SERVER_CONNECTION_RESETS_PER_S,
    connectionIdleMs: env.BANK_SERVER_CONNECTION_IDLE_MS,
    connectionAgeMaxMs: env.BANK_SERVER_CONNECTION_AGE_MAX_MS,
    connectionAgeGraceMs: env.BANK_SERVER_CONNECTION_AGE_GRACE_MS,
    keepaliveMs: env.BANK_SERVER_KEEPALIVE_MS,
    keepaliveTimeoutMs: env.BANK_SERVER_KEEPALIVE_TIMEOUT_MS,
    pingGapMinMs: env.BANK_SERVER_PING_GAP_MIN_MS,
    pingStrikesMax: env.BANK_SERVER_PING_STRIKES_MAX,
    metadataBytesMax: env.BANK_SERVER_METADATA_BYTES_MAX,
    requestMs: env.BANK_SERVER_REQUEST_MS,
    openRequestsMax: env.BANK_SERVER_OPEN_REQUESTS_MAX,
    partialBytesMax: env.BANK_SERVER_PARTIAL_BYTES_MAX,
    readAheadBytesMax: env.BANK_SERVER_READ_AHEAD_BYTES_MAX,
    callsMax: env.BANK_SERVER_CALLS_MAX,
    deadlineDefaultMs: env.BANK_SERVER_DEADLINE_DEFAULT_MS,
    longDeadlineDefaultMs: env.BANK_SERVER_LONG_DEADLINE_DEFAULT_MS,
    unsentBytesMax: env.BANK_SERVER_UNSENT_BYTES_MAX,
    allUnsentBytesMax: env.BANK_SERVER_ALL_UNSENT_BYTES_MAX,
  };
}
