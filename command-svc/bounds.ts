/**
 * Bounds of command-svc that are no settings: what is promised in the contract, or what memory was
 * reckoned with. All others are in config.ts.
 */

/** The contract's own, in every message of a stream and in a direct batch. */
export const MESSAGE_ITEMS_MAX = 5_000;
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Refused items that a receipt names. */
export const FIRST_REJECTIONS_MAX = 100;
/** Characters of an id, as its caller wrote it, that a rejection shows. */
export const SHOWN_CHARACTERS_MAX = 64;
/** What a caller is told to wait before it tries again, when nothing better is known. */
export const RETRY_AFTER_MS = 1_000;

/** Indexes of a submission that a stream which resends looks at together: 144 KiB a stream. */
export const STORED_WINDOW_ITEMS = 16_384;
/** Indexes of a submission that a page of results looks at together. */
export const PLACES_WINDOW_ITEMS = 4_096;
/** Looks at a submission that changes while it is closed. */
export const CLOSE_LOOKS_MAX = 3;
/** Callers' traces that a batch's span is linked to; more only share a batch when each is small. */
export const LINKS_MAX = 32;
/** Connections for looking after waiting statements. */
export const WATCH_CONNECTIONS_MAX = 2;
