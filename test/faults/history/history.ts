/**
 * What a run leaves to be judged: what was sent and told to whom, when, and what the stores hold at
 * the end. Plain values, so that the checker is pure and histories can be broken on purpose.
 */
import type { TimedTry } from '#test/support/answered-try.ts';
import type { BankEvent } from '#test/support/bank-history.ts';
import type { Versions } from '#test/support/closed-versions.ts';

export type ItemPlace = { readonly submissionId: string; readonly index: number };

/** What an account is after an event. */
export type AccountState = {
  readonly balanceMinor: bigint;
  readonly heldMinor: bigint;
  readonly limitMinor: bigint;
  readonly debitsFrozen: boolean;
  readonly creditsFrozen: boolean;
  readonly isClosed: boolean;
};

/** An event as the log has it: what it does, and the state that it carries. */
export type StoredEvent = BankEvent & {
  readonly partition: number;
  readonly seq: bigint;
  /** moneyDeposited, ... */
  readonly kind: string;
  /** What the hold that it names has left after it. */
  readonly hold?: { readonly holdId: string; readonly leftMinor: bigint };
  readonly limitMinor?: bigint;
  readonly frozen?: { readonly debits: boolean; readonly credits: boolean };
  readonly closes?: boolean;
  readonly after: AccountState;
  readonly item: ItemPlace | undefined;
};

/** What an accepted command's event must say; what is not known before is left out. */
export type Wanted = { readonly kind: string; readonly changeMinor?: bigint };

export type CommandTry = TimedTry & { readonly wanted?: Wanted };

export type SentItem = Wanted & { readonly accountId: string; readonly operationId: string };

/** One message of acknowledgement, and what a reader found when it came. */
export type SeenAcknowledgement = {
  readonly indexes: readonly number[];
  readonly receivedMs: number;
  /** Of its items; undefined: nobody could look. */
  readonly invisible: readonly number[] | undefined;
};

export type ItemAnswer = { readonly version: bigint } | { readonly reason: string };

export type SentSubmission = {
  readonly submissionId: string;
  /** deposits, accounts, mixed, each, atomic, reversal, canary. */
  readonly kind: string;
  /** Undefined where the service knows them alone: of a reversal. */
  readonly items: readonly SentItem[] | undefined;
  readonly sentMs: number;
  answer:
    | { kind: 'closed'; accepted: bigint; rejected: bigint; replayed: bigint }
    | { kind: 'refused'; reason: string }
    | { kind: 'unknown' };
  answeredMs: number;
  sends: number;
  /** What items were answered, each time, where answers flow back. */
  readonly results: { readonly index: number; readonly answer: ItemAnswer }[];
  readonly acks: SeenAcknowledgement[];
  /** The totals that the feed ended with; undefined: it has not ended. */
  complete: { readonly projected: bigint; readonly accepted: bigint } | undefined;
};

/** An account as query-svc told it. */
export type SeenAccount = {
  readonly accountId: string;
  readonly minVersion: bigint;
  readonly version: bigint;
  readonly state: AccountState;
};

/** What GetOperation said of an operation that had been acknowledged. */
export type SeenOperation = {
  readonly operationId: string;
  readonly toldVersion: bigint;
  readonly found: ItemAnswer;
};

export type ProjectedEntry = {
  readonly changeMinor: bigint;
  readonly balanceMinor: bigint;
  readonly item: ItemPlace | undefined;
};

/** The projection at the end. */
export type Projected = {
  readonly accounts: ReadonlyMap<
    string,
    { readonly version: bigint; readonly state: AccountState }
  >;
  /** By account/version. */
  readonly entries: ReadonlyMap<string, ProjectedEntry>;
  /** account hold left, of every open hold. */
  readonly holds: ReadonlySet<string>;
};

/** Accounts among which money is moved and which nothing else touches. */
export type ClosedBank = {
  readonly accounts: ReadonlySet<string>;
  /** Where each stood before the first transfer. */
  readonly start: Versions;
  readonly totalMinor: bigint;
};

export type History = {
  readonly tries: readonly CommandTry[];
  readonly submissions: readonly SentSubmission[];
  readonly reads: readonly SeenAccount[];
  readonly lookups: readonly SeenOperation[];
  /** Totals of the bank over closed versions of the projection, as they were seen on the way. */
  readonly totals: readonly { readonly atMs: number; readonly totalMinor: bigint }[];
  /** What SubscribeToEvents told: places (account/version) of each partition, in its order. */
  readonly feed: ReadonlyMap<number, readonly string[]>;
  readonly bank: ClosedBank;
  /** Of each partition in the order of its log. */
  readonly events: readonly StoredEvent[];
  /** The head of each partition, the rows below it, and how many batches they are of. */
  readonly heads: readonly { partition: number; seq: bigint; rows: bigint; batches: bigint }[];
  readonly projected: Projected;
};
