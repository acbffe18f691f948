/**
 * The watch over the pipeline: how often it looks, when it acts, and from where on what it sees is
 * a warning, or failing.
 */
export const WATCHDOG = {
  requestTimeoutMs: 5000,
  /** The pause between restarts of the connector: the first, and the longest. */
  restartFirstMs: 2000,
  restartMaxMs: 60_000,
  /** RUNNING for so long: the next failure starts from the first pause again. */
  healthyMs: 60_000,
  /** No process reads the slot, though the connector says RUNNING: a busy one starts for long. */
  slotInactiveMs: 30_000,
  /** The slot's position has not moved; heartbeats move it every few seconds. */
  slotStuckMs: 60_000,
  /** Connect does not know the connector: at its own start it may just not have it yet. */
  connectorMissingMs: 20_000,
} as const;

/** How often the pipeline is looked at, and from where on it is a warning, or failing. */
export const PIPELINE = {
  /** PostgreSQL and Connect. */
  lookEveryMs: 2000,
  /** Kafka. */
  lagEveryMs: 5000,
  lagTimeoutMs: 5000,
  lagRetries: 1,
  /** How long nobody has read the slot, or there was none. */
  slotIdle: { warning: 0n, failing: 15_000n },
  /** Of max_slot_wal_keep_size; at 100 the slot is lost. */
  retained: { warningPercent: 50n, failingPercent: 90n },
  /** Debezium writes one every 5 s. */
  heartbeat: { warning: 15_000n, failing: 60_000n },
  /** Offsets are committed once a second: what comes in that second is not behind. */
  consumerLag: { warning: 20_000n, failing: 200_000n },
  /** Partitions that the outbox feeds, on the replica that is asked. */
  outboxFeed: { warning: 1n },
  /** The age of the oldest record that waits, in milliseconds. */
  lag: { warning: 10_000n, failing: 60_000n },
  /** Partitions that have stopped with an alarm. */
  stopped: { warning: 1n, failing: 1n },
  /** Accounts that wait for a dead letter. */
  parked: { warning: 1n },
} as const;
