/**
 * Every bound of `bank bulk` and `bank submission` in one place: what is read at once, what is
 * kept, how often it is told, how long a bank may be away.
 */
export const BULK_LIMITS = {
  readBytes: 256 * 1024,
  /** A record whose quoted fields span more lines than this is no record. */
  recordLinesMax: 100,
  /** What is read from a pipe is kept in a file of at most so much, as it is read three times. */
  spoolBytesMax: 64 * 1024 ** 3,
  /** Without progress for so long, a run ends; the same command goes on. */
  giveUpAfterMs: 10 * 60_000,
  giveUpAfterMinMs: 1_000,
  giveUpAfterMaxMs: 24 * 3_600_000,
  /** How long the bank may be away when a run begins; an address that is wrong is told then. */
  firstAnswerMs: 30_000,
  /** Pauses between two tries of a stream that broke. */
  retryFirstMs: 100,
  retryMaxMs: 5_000,
  /** Ends a run that breaks without end although it moves. */
  retriesMax: 100_000,
  /** Streams side by side, and the items that each keeps until they are stored. */
  streams: 3,
  streamsMax: 16,
  partItems: 10_000,
  /** Items of a dry run that see each other's effects: the most of a message. */
  dryRunMessageItems: 5_000,
  rejectionsPageItems: 1_000,
  redrawMs: 100,
  plainLineMs: 5_000,
  /** How long Ctrl-C waits for what is stored. */
  farewellMs: 10_000,
  watchPollMs: 1_000,
} as const;
