/**
 * Every bound of the client in one place: deadlines, retries, messages. A caller may hand in
 * others. A retry without a bound would turn a fault into a storm, so all of them end.
 */
export const CLIENT_DEFAULTS = {
  /** Deadline of a unary call whose caller sets none. */
  unaryDeadlineMs: 10_000,
  /** What a caller may ask for: the channel ends any unary call then. */
  unaryDeadlineMaxMs: 600_000,
  /** Tries of an idempotent unary call in all; gRPC allows 5 at most. */
  unaryAttempts: 4,
  unaryRetryFirstMs: 100,
  unaryRetryMaxMs: 2_000,
  /** The contract's own limits: a message of more is refused. */
  messageItemsMax: 5_000,
  messageItems: 2_000,
  /** A message is cut at so many bytes, well under the 4 MiB of the contract. */
  messageBytes: 1024 * 1024,
  /** What the client takes in one message: a list page, a receipt with its first rejections. */
  receiveBytesMax: 8 * 1024 * 1024,
  /** Between two tries to connect: a service that was restarted is found again within so long. */
  reconnectFirstMs: 100,
  reconnectMaxMs: 2_000,
  /**
   * Between two questions for a name's addresses, asked when a connection has gone: replicas that
   * replace each other are found, and a DNS server is not asked by each failure.
   */
  resolveAgainMinMs: 2_000,
  keepaliveMs: 20_000,
  keepaliveTimeoutMs: 10_000,
  /**
   * Tries of a broken stream without progress between them; each progress starts the count again.
   */
  streamAttempts: 12,
  /** Tries of one upload or one feed in all. */
  streamAttemptsTotal: 200,
  streamRetryFirstMs: 100,
  streamRetryMaxMs: 5_000,
  /** Streams of one upload side by side, and the items that each keeps until they are stored. */
  uploadStreams: 2,
  uploadStreamsMax: 16,
  uploadPartItems: 20_000,
  /** Stored items that are sent again before an upload goes on: others would be refused. */
  comparedItems: 1_000,
  /** Items a message of a stream that answers each, and those sent or read that have no answer. */
  operationMessageItems: 500,
  unansweredItemsMax: 10_000,
} as const;

export type RetryLimits = {
  readonly attempts: number;
  readonly attemptsTotal: number;
  readonly firstMs: number;
  readonly maxMs: number;
};

export const STREAM_RETRY: RetryLimits = {
  attempts: CLIENT_DEFAULTS.streamAttempts,
  attemptsTotal: CLIENT_DEFAULTS.streamAttemptsTotal,
  firstMs: CLIENT_DEFAULTS.streamRetryFirstMs,
  maxMs: CLIENT_DEFAULTS.streamRetryMaxMs,
};

/** A feed has no end: its tries are counted since the last message only. */
export const ENDLESS_RETRY: RetryLimits = {
  ...STREAM_RETRY,
  attemptsTotal: Number.POSITIVE_INFINITY,
};
