/**
 * What a lane keeps between its batches: the states of accounts, and up to which position of the
 * log they are exact. How it moves on is in account-states.ts.
 */
import { LRUCache } from 'lru-cache';
import type { AccountState, ExistingAccount } from '#domain/account.ts';
import type { Holder } from './account-holder.ts';
import { CACHED_HOLDS_MAX, NEWEST_OPERATIONS_MAX } from './bounds.ts';

/** What a decision is made on: an account that does not exist is a state too. */
export type BaseAccount = {
  /** The account's id, 16 bytes: taken apart once, used for every event. */
  readonly idBytes: Uint8Array;
  readonly state: AccountState;
  /** The head of its hash chain, a character a byte. */
  readonly hash: string;
  readonly recordedAtMicros: bigint;
  /** Undefined where nobody asks for it, and of an account that does not exist. */
  readonly holder: Holder | undefined;
};

/** An account that exists. */
export type KnownAccount = BaseAccount & { readonly state: ExistingAccount };

export type LaneStates = {
  readonly partition: number;
  /** Undefined: nothing is cached. */
  known: bigint | undefined;
  /** The batch of the log's row at `known`; undefined where there is none. */
  knownBatchId: string | undefined;
  /** The log's rows after `known` that this lane wrote, by position: they are in the cache. */
  readonly ownRows: Map<bigint, string>;
  readonly accounts: LRUCache<string, KnownAccount>;
  /** By operationKey: those of single commands that this lane has stored last. */
  readonly newestOperations: LRUCache<string, true>;
  /** Operations of single commands are looked up before (repeated-operations.ts). */
  looksForOperations: boolean;
  /** Accounts that a batch opens are looked for before (assumed-absent.ts). */
  looksForOpened: boolean;
};

export type StatesLimits = {
  /** Accounts that one lane keeps. */
  readonly accountsMax: number;
  /** Rows of the log that a lane follows at most; further behind, its cache is dropped. */
  readonly rowsBehindMax: number;
  readonly loadRoundsMax: number;
  /** Whose an account is is read with it: callers are authenticated. */
  readonly withHolders?: boolean;
};

export function createLaneStates(partition: number, limits: StatesLimits): LaneStates {
  const accounts = new LRUCache<string, KnownAccount>({ max: limits.accountsMax });
  const ownRows = new Map<bigint, string>();
  const newestOperations = new LRUCache<string, true>({ max: NEWEST_OPERATIONS_MAX });
  const nothing = { known: undefined, knownBatchId: undefined };
  const looks = { looksForOperations: false, looksForOpened: false };
  return { ...nothing, ...looks, partition, ownRows, accounts, newestOperations };
}

export function dropStates(lane: LaneStates): void {
  lane.known = undefined;
  lane.knownBatchId = undefined;
  lane.ownRows.clear();
  lane.accounts.clear();
}

export type Appended = { readonly position: bigint; readonly batchId: string };

/**
 * An append stands at its position: the states that it made are exact there. Accounts that were
 * opened for a submission are not kept before they are used: a million of them, opened as easily as
 * one, would push out those that are in use, and keeping them costs more than to load one once.
 */
export function keepAppended(
  lane: LaneStates,
  newStates: ReadonlyMap<string, KnownAccount>,
  { position, batchId }: Appended,
  opened: ReadonlySet<string> = NO_IDS,
): void {
  if (lane.known === undefined) return;
  if (position === lane.known + 1n && lane.ownRows.size === 0) {
    lane.known = position;
    lane.knownBatchId = batchId;
  } else lane.ownRows.set(position, batchId);
  for (const [id, account] of newStates) {
    if (!opened.has(id) || lane.accounts.has(id)) keepAccount(lane, id, account);
  }
}

/** An account of many holds is not kept: its memory is not reckoned with. */
export function keepAccount({ accounts }: LaneStates, id: string, account: KnownAccount): void {
  if (account.state.openHolds.length > CACHED_HOLDS_MAX) accounts.delete(id);
  else accounts.set(id, account);
}

const NO_IDS: ReadonlySet<string> = new Set();
