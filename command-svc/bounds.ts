/**
 * Bounds of command-svc that are no settings: what is promised in the contract, or what memory was
 * reckoned with. Settings are in config.ts, the lengths of fields in field-rules.ts.
 */
import { LEASE_LIFE_MAX_MS } from '#platform/leases.ts';

/** The contract's own, in every message of a stream and in a direct batch. */
export const MESSAGE_ITEMS_MAX = 5_000;
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Refused items that a receipt names. */
export const FIRST_REJECTIONS_MAX = 100;
/** Characters of an id, as its caller wrote it, that a rejection shows. */
export const SHOWN_CHARACTERS_MAX = 64;
/** What a caller is told to wait before it tries again, when nothing better is known. */
export const RETRY_AFTER_MS = 1_000;
/** Of bulk mode, held by one authenticated caller at once: nobody keeps all others from theirs. */
export const LEASES_A_CALLER_MAX = 50;

/** Pages of items (AIP-158). */
export const PAGE_SIZE_DEFAULT = 100;
export const PAGE_SIZE_MAX = 1_000;
/** Amounts of control totals: one a currency, and there are fewer of those. */
export const CONTROL_AMOUNTS_MAX = 200;
/** Gaps that a submission names. */
export const MISSING_RANGES_MAX = 100;
/** How long a lease of bulk mode lasts, and what its holder may say. */
export const LEASE_TTL_MS = { min: 5_000, max: LEASE_LIFE_MAX_MS, default: 60_000 } as const;
export const LEASE_TEXT_CHARACTERS_MAX = 140;

/**
 * Bytes of messages that are decoded and whose items have not all found their place, over all
 * streams and direct batches: decoded they take about six times as much.
 */
export const DECODED_MESSAGES_BYTES_MAX = 12 * 1024 * 1024;
/**
 * Results that the callers of BulkSubmit have not read, over all streams: each is reckoned to take
 * 512 bytes. Half is divided among as many uploads as there may be (1,024 each, of 64).
 */
export const UNREAD_RESULTS_MAX = 128 * 1024;
/** Results in one message of BulkSubmit. */
export const MESSAGE_RESULTS_MAX = 500;
/** Indexes that one reading of duplicates asks for, and how far apart they may be. */
export const READ_ITEMS_MAX = 1_000;
export const READ_SPAN_MAX = 16_384;
/** Tries to make a submission that others free meanwhile. */
export const MAKINGS_MAX = 10;
/** Operations of single commands that a lane remembers: a caller that asks again does so soon. */
export const NEWEST_OPERATIONS_MAX = 1_000;
/** Single commands of at most so many bytes go together with others: one append of each lane. */
export const SHARED_APPEND_BYTES_MAX = 64 * 1024;
/** For how long they wait together for a head or an account; then each waits alone. */
export const SHARED_LOCK_TIMEOUT_MS = 100;
/** Tries of a barrier's batch to lock its accounts; then it goes on without locks. */
export const BARRIER_LOCK_TRIES_MAX = 2;
/** Transactions of such appends in flight. */
export const SHARED_APPENDS_IN_FLIGHT_MAX = 2;
/** Redis did not answer: locks are not asked for so long, since asking costs its time-out. */
export const LOCKS_PAUSE_MS = 5_000;
/** Indexes of a submission that a stream which resends looks at together: 144 KiB a stream. */
export const STORED_WINDOW_ITEMS = 16_384;
/** Indexes of a submission that a page of results looks at together. */
export const PLACES_WINDOW_ITEMS = 4_096;
/**
 * What one row of the log takes when it is read for its items. Of the budget for messages: rows are
 * decoded too.
 */
export const LOG_ROW_BYTES_MAX = MESSAGE_BYTES_MAX;
/** What part of the time that a command has left it may wait in its lane's queue. */
export const DEADLINE_PART_WAITED_MAX = 0.5;
/** Looks at a submission that changes while it is closed. */
export const CLOSE_LOOKS_MAX = 3;
/** Callers' traces that a batch's span is linked to; more only share a batch when each is small. */
export const LINKS_MAX = 32;
/** Connections for looking after waiting statements. */
export const WATCH_CONNECTIONS_MAX = 2;
/**
 * What a batch's row may take before the rest of its items go in the next one. Of a lane's batch
 * only the ends of passed holds, which nobody reckoned with at intake, bring it so far. What stands
 * or falls together is refused beyond it.
 */
export const DECIDED_BYTES_MAX = 3_800_000;
/** What the events of a run of items of several partitions may take, as an upper bound. */
export const RUN_BYTES_MAX = 3_500_000;
/** Open holds of an account that a lane keeps; one with more is loaded for each batch. */
export const CACHED_HOLDS_MAX = 16;

/** SubscribeToEvents and ReadAccountEvents. */
export const FEED = {
  /** The contract's own. */
  messageEventsMax: 1_000,
  checkpointMs: 10_000,
  /** A message ends with the event that passes it. */
  messageBytesMax: 256 * 1024,
  /** Bytes of one stream that its caller has not read; its last message may pass it. */
  unsentBytesMax: 512 * 1024,
  /** A caller that has not read for so long: what was read ahead for it is dropped. */
  stalledMs: 250,
  /** What one statement reads of the log; a row that is greater comes alone. */
  pageBytesMax: 1024 * 1024,
  pageRowsMax: 1_000,
  /** Pages that are held, over all feeds. */
  pagesBytesMax: 24 * 1024 * 1024,
  /** Owners of accounts that are remembered, over all feeds. */
  ownersCacheBytesMax: 16 * 1024 * 1024,
  /** Connections of all feeds. */
  connectionsMax: 4,
  /** Events of one account that one statement reads. */
  accountPageRowsMax: 500,
  /** CAUGHT_UP: all that was stored so long ago, or later, has been sent. */
  caughtUpMs: 500,
  /** FELL_BEHIND: something that was stored before has not. */
  fellBehindMs: 2_000,
  /**
   * A caller may know a position from the topic before other sessions see its commit: it is waited
   * for so long, before it counts as one of a log that is gone.
   */
  unseenMs: 3_000,
  /** Between two readings of the heads, however often this replica appends. */
  headsPauseMinMs: 3,
  /** A stream is ended with STREAM_ROTATED at this age: before the connection's own age cuts it. */
  streamAgeMaxMs: 9 * 60_000,
  retryAfterMs: 200,
  /** While the event store cannot be reached; then EVENT_STORE_UNAVAILABLE. */
  readRetry: { attempts: 6, firstMs: 100, maxMs: 2_000 },
} as const;
export const FEED_OWNERS_MAX = 100;
export const FEED_TYPES_MAX = 64;

/** A signed checkpoint: some 120 bytes a partition, of which there are 1,024 at most. */
export const CHECKPOINT_LINE_BYTES_MAX = 512 * 1024;

/** VerifyEvents. */
export const VERIFY = {
  /** At once in a replica: each takes some 30 MB and a good part of a core. */
  streamsMax: 2,
  /** The contract's own. */
  accountIdsMax: 1_000,
  messageFindingsMax: 100,
  progressEveryMs: 5_000,
  /** Accounts that one reading of the log is held against. */
  windowAccountsMax: 200_000,
  pageEventsMax: 2_000,
  logPage: { positionsMax: 500, bytesMax: 4 * 1024 * 1024 },
  /** Accounts of a window that are looked at event by event; others are named only. */
  examinedAccountsMax: 200,
  /** Differing events of an account that are told; one more finding says that there are others. */
  differencesMax: 1_000,
  /** Accounts that the log has and the table has not, of one window. */
  goneAccountsMax: 10_000,
  readRetry: { attempts: 6, firstMs: 100, maxMs: 2_000 },
} as const;

/** Keys of sealed texts. */
export const KEYS = {
  /** Keys that are remembered, some 500 bytes each. */
  cachedMax: 20_000,
  /** Accounts whose key is remembered. */
  cachedAccountsMax: 50_000,
  /** Readings of owners' keys that are made meanwhile. */
  makeRoundsMax: 4,
  /** How soon a replica forgets the key of an owner that another one has erased. */
  erasuresEveryMs: 1_000,
  erasuresAtOnceMax: 1_000,
  /** For reading and making keys. */
  connectionsMax: 3,
} as const;
