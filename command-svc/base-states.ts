/** What a batch's decision stands on: what it must have read, and what was found. */
import type { HoldEnd } from '#domain/holds.ts';
import type { BaseAccount } from './lane-states.ts';
import type { LoadedOperation } from './sql/load-accounts.ts';

export type AccountOperation = { readonly accountId: string; readonly operationId: string };
export type AccountVersion = { readonly accountId: string; readonly version: bigint };
export type AccountHold = { readonly accountId: string; readonly holdId: string };

/** What a decision must have read. */
export type Wanted = {
  readonly accountIds: ReadonlySet<string>;
  /** Of the commands themselves. */
  readonly operations: readonly AccountOperation[];
  /** That commands are to undo. */
  readonly reversedOperations: readonly AccountOperation[];
  /** The same, named by their event's version. */
  readonly reversedEvents: readonly AccountVersion[];
  /** Holds that commands name. */
  readonly holds: readonly AccountHold[];
};

/** All that a batch's decision stands on, exact as of `known`. */
export type BaseStates = {
  readonly known: bigint;
  /** The batch of the log's row there; undefined where there is none. */
  readonly knownBatchId: string | undefined;
  readonly accounts: ReadonlyMap<string, BaseAccount>;
  /** By operationKey. */
  readonly operations: ReadonlyMap<string, LoadedOperation>;
  /** How holds that commands name have ended, by account and hold. */
  readonly endedHolds: ReadonlyMap<string, HoldEnd>;
  /** Operations' events that are undone, by reversalKey. */
  readonly reversed: ReadonlySet<string>;
};

export function operationKey(operation: AccountOperation): string {
  return operation.accountId + operation.operationId;
}

export function reversalKey(accountId: string, reversedVersion: bigint): string {
  return `${accountId}${reversedVersion}`;
}
