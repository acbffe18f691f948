/**
 * What a lane knows of its accounts: the cache that batches load from and append to.
 *
 * Invariant: every state cached in a lane is exact as of `known`, the newest position that the lane
 * has seen. `known` moves only over rows that were looked at, in order: an account that such a row
 * touches leaves the cache, and is loaded again when a batch asks for it. What cannot be followed
 * (too many rows, a gap, a head that went back) empties the cache; nothing is ever guessed.
 */
import { LRUCache } from 'lru-cache';
import type { AccountState, ExistingAccount } from '#domain/account.ts';
import type { HoldEnd } from '#domain/holds.ts';
import { CACHED_HOLDS_MAX, NEWEST_OPERATIONS_MAX } from './bounds.ts';
import type { LoadedOperation } from './sql/load-accounts.ts';

/** What a decision is made on: an account that does not exist is a state too. */
export type BaseAccount = {
  /** The account's id, 16 bytes: taken apart once, used for every event. */
  readonly idBytes: Uint8Array;
  readonly state: AccountState;
  /** The head of its hash chain, a character a byte. */
  readonly hash: string;
  readonly recordedAtMicros: bigint;
};

/** An account that exists. */
export type KnownAccount = BaseAccount & { readonly state: ExistingAccount };

export type AccountOperation = { readonly accountId: string; readonly operationId: string };
export type AccountHold = { readonly accountId: string; readonly holdId: string };

/** What a decision must have read. */
export type Wanted = {
  readonly accountIds: ReadonlySet<string>;
  /** Of the commands themselves. */
  readonly operations: readonly AccountOperation[];
  /** That commands are to undo. */
  readonly reversedOperations: readonly AccountOperation[];
  /** Holds that commands name. */
  readonly holds: readonly AccountHold[];
};

export type LaneStates = {
  readonly partition: number;
  /** Undefined: nothing is cached. */
  known: bigint | undefined;
  /** Rows of the log after `known` that this lane wrote itself: they are in the cache already. */
  readonly ownRows: Set<bigint>;
  readonly accounts: LRUCache<string, KnownAccount>;
  /** By operationKey: those that this lane has stored last. */
  readonly newestOperations: LRUCache<string, true>;
};

export type StatesLimits = {
  /** Accounts that one lane keeps. */
  readonly accountsMax: number;
  /** Rows of the log that a lane follows at most; further behind, its cache is dropped. */
  readonly rowsBehindMax: number;
  readonly loadRoundsMax: number;
};

/** All that a batch's decision stands on, exact as of `known`. */
export type BaseStates = {
  readonly known: bigint;
  readonly accounts: ReadonlyMap<string, BaseAccount>;
  /** By operationKey. */
  readonly operations: ReadonlyMap<string, LoadedOperation>;
  /** How holds that commands name have ended, by account and hold. */
  readonly endedHolds: ReadonlyMap<string, HoldEnd>;
  /** Operations' events that are undone, by reversalKey. */
  readonly reversed: ReadonlySet<string>;
};

export function createLaneStates(partition: number, limits: StatesLimits): LaneStates {
  const accounts = new LRUCache<string, KnownAccount>({ max: limits.accountsMax });
  const newestOperations = new LRUCache<string, true>({ max: NEWEST_OPERATIONS_MAX });
  return { partition, known: undefined, ownRows: new Set(), accounts, newestOperations };
}

export function dropStates(lane: LaneStates): void {
  lane.known = undefined;
  lane.ownRows.clear();
  lane.accounts.clear();
}

/** An append stands at `position`: the states that it made are exact there. */
export function keepAppended(
  lane: LaneStates,
  newStates: ReadonlyMap<string, KnownAccount>,
  position: bigint,
): void {
  if (lane.known === undefined) return;
  if (position === lane.known + 1n && lane.ownRows.size === 0) lane.known = position;
  else lane.ownRows.add(position);
  for (const [id, account] of newStates) keepAccount(lane, id, account);
}

/** An account of many holds is not kept: its memory is not reckoned with. */
export function keepAccount({ accounts }: LaneStates, id: string, account: KnownAccount): void {
  if (account.state.openHolds.length > CACHED_HOLDS_MAX) accounts.delete(id);
  else accounts.set(id, account);
}

export function keepOperation(lane: LaneStates, operation: AccountOperation): void {
  lane.newestOperations.set(operationKey(operation), true);
}

export function operationKey(operation: AccountOperation): string {
  return operation.accountId + operation.operationId;
}

export function reversalKey(accountId: string, reversedVersion: bigint): string {
  return `${accountId}${reversedVersion}`;
}
