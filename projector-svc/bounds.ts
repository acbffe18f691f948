/**
 * Limits of what runs beside the live projection, with their units in the names: traces, rebuilds
 * and comparisons. Those of the projection itself are in config.ts.
 */

export const TRACES = {
  /** Of one transaction or page: sampled batches that each get a span of it in their trace. */
  joinedMax: 64,
  /** Batches that its own span is linked to. */
  linksMax: 64,
} as const;

export const REBUILD = {
  /** Partitions that are filled side by side; each has a connection, and two reads in memory. */
  partitionsInFlight: 4,
  /** One more: for the swap. */
  connectionsMax: 5,
  /** One read of the outbox: records, and bytes (one record is always read). */
  readRecordsMax: 2000,
  readBytesMax: 4 * 1024 * 1024,
  /** Events of one transaction; a record is never cut. */
  batchEventsMax: 5000,
  /** A round that took no longer than this has caught up; then a round in so long. */
  levelMs: 1000,
  followEveryMs: 100,
  progressEveryMs: 500,
  rateOverMs: 10_000,
  /** Tries in a row that fail for a passing reason, and the pauses between them. */
  attemptsMax: 20,
  retryFirstMs: 100,
  retryMaxMs: 5000,
  /** One statement of the comparison. */
  compareRows: 20_000,
  differencesKept: 100,
  /** How long the caller of StopRebuild or DropRebuild waits for the replica that runs it. */
  stopWaitMs: 5000,
  /** What may be left to fill before the heads are locked, and when they are, by time. */
  swapReadyMs: 10_000,
  swapCatchUpMs: 3000,
  /** Each of the two statements that compare while the heads are locked, and its answer. */
  swapCompareMs: 300_000,
  swapAnswerMs: 305_000,
  /**
   * The live tables are locked in one statement that waits no longer than this, below any
   * deadlock_timeout: readers wait for it, and it never for a reader that waits. Then it gives way
   * for the pause, so often at most.
   */
  swapLockMs: 80,
  swapPauseMs: 40,
  swapLockTries: 50,
  retryAfterMs: 1000,
} as const;

export const RECONCILE = {
  streamsMax: 2,
  /** Events of one page, and rows of the projection beside them. */
  pageEvents: 2000,
  pageRowsMax: 8000,
  progressEveryMs: 2000,
  accountIdsMax: 1000,
  /** How long a partition may stand still behind what an account has in the event store. */
  behindWaitMs: 10_000,
  behindPollMs: 50,
  readAttempts: 6,
  readRetryFirstMs: 100,
  readRetryMaxMs: 2000,
} as const;
