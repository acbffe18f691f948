/**
 * Step 2 of a batch, load: the states that its accounts have, from the lane's cache or by one index
 * probe each. Whatever the log's rows since the lane's `known` touch is read anew.
 */
import type { ClientBase, Pool } from 'pg';
import { NO_ACCOUNT } from '#domain/account.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import {
  dropStates,
  keepAccount,
  operationKey,
  type BaseAccount,
  type BaseStates,
  type LaneStates,
  type StatesLimits,
  type Wanted,
} from './account-states.ts';
import { NO_HASH } from './event-chain.ts';
import { MOVED_ON, NO_HOLD_FACTS, readAccounts, readHolds } from './read-accounts.ts';
import type { ReadAccount } from './read-accounts.ts';
import { loadAccounts, type Loaded, type LoadedOperation } from './sql/load-accounts.ts';

/**
 * The head of a partition does not stand still, or the log cannot be followed: go on under the
 * head's lock.
 */
export class UnsettledHeadError extends Error {
  override name = 'UnsettledHeadError';
}

export type LoadOptions = {
  readonly limits: StatesLimits;
  /** True: at least one look at the head, even when the cache has all. */
  readonly readHead: boolean;
  /** Under the head's lock its row already counts the position that this transaction took. */
  readonly headTaken: boolean;
};

/**
 * The base states of a batch. Rounds: each reads the head and what is missing in one snapshot, then
 * follows the log's rows up to that head; accounts that such a row touched are read in the next
 * round.
 */
export async function loadStates(
  db: ClientBase | Pool,
  lane: LaneStates,
  wanted: Wanted,
  options: LoadOptions,
): Promise<BaseStates> {
  const operations = [...wanted.operations, ...wanted.reversedOperations];
  const found = new Map<string, BaseAccount>();
  let foundOperations = new Map<string, LoadedOperation>();
  let facts = NO_HOLD_FACTS;
  let mustLook = options.readHead || isNewEachTime(wanted) || lane.ownRows.size > 0;
  for (let round = 0; round < options.limits.loadRoundsMax; round++) {
    const missing = takeCached(lane, wanted.accountIds, found);
    if (missing.length === 0 && !mustLook && lane.known !== undefined) {
      return { known: lane.known, accounts: found, operations: foundOperations, ...facts };
    }
    mustLook = false;
    const loaded = await loadAccounts(db, {
      partition: lane.partition,
      known: lane.known,
      rowsMax: options.limits.rowsBehindMax,
      accountIds: missing,
      operationAccountIds: operations.map((operation) => operation.accountId),
      operationIds: operations.map((operation) => operation.operationId),
    });
    const head = headOf(lane, loaded, options);
    const touched = follow(lane, loaded, head, options);
    if (touched === 'lost') {
      dropStates(lane);
      found.clear();
      mustLook = true;
      continue;
    }
    for (const id of touched) found.delete(id);
    foundOperations = byKey(loaded.operations);
    const read = await readAccounts(db, loaded.newestEvents);
    facts = await readHolds(db, wanted, read, found);
    keepLoaded(lane, read, missing, found);
    lane.known = head;
  }
  throw new UnsettledHeadError(`partition ${lane.partition} does not stand still`);
}

/** What no lane keeps. */
function isNewEachTime({ operations, reversedOperations, holds }: Wanted): boolean {
  return operations.length + reversedOperations.length + holds.length > 0;
}

function takeCached(
  lane: LaneStates,
  accountIds: ReadonlySet<string>,
  found: Map<string, BaseAccount>,
): string[] {
  const missing: string[] = [];
  for (const id of accountIds) {
    if (found.has(id)) continue;
    const cached = lane.accounts.get(id);
    if (cached === undefined) missing.push(id);
    else found.set(id, cached);
  }
  return missing;
}

function headOf(lane: LaneStates, loaded: Loaded, options: LoadOptions): bigint {
  if (loaded.head === undefined) throw new Error(`partition ${lane.partition} has no head`);
  return options.headTaken ? loaded.head - 1n : loaded.head;
}

/**
 * Moves over the rows from `known` to `head`: the accounts that they touch, or "lost" when that
 * cannot be told.
 */
function follow(
  lane: LaneStates,
  loaded: Loaded,
  head: bigint,
  options: LoadOptions,
): Set<string> | 'lost' {
  const touched = new Set<string>();
  if (lane.known === undefined) return touched;
  const { rowsSinceKnown } = loaded;
  if (head < lane.known || rowsSinceKnown.length > options.limits.rowsBehindMax) return 'lost';
  if (BigInt(rowsSinceKnown.length) !== head - lane.known) return 'lost';
  let expected = lane.known;
  for (const row of rowsSinceKnown) {
    expected += 1n;
    if (row.seq !== expected) return 'lost';
    if (lane.ownRows.has(row.seq)) continue;
    for (const id of row.accountIds) {
      lane.accounts.delete(id);
      touched.add(id);
    }
  }
  lane.ownRows.clear();
  return touched;
}

/** An account that has moved on since its event was read is neither kept nor found. */
function keepLoaded(
  lane: LaneStates,
  read: ReadonlyMap<string, ReadAccount>,
  missing: readonly string[],
  found: Map<string, BaseAccount>,
): void {
  for (const [id, account] of read) {
    if (account === MOVED_ON) continue;
    keepAccount(lane, id, account);
    found.set(id, account);
  }
  for (const id of missing) if (!read.has(id)) found.set(id, absentAccount(id));
}

function absentAccount(accountId: string): BaseAccount {
  const idBytes = uuidToBytes(accountId);
  return { idBytes, state: NO_ACCOUNT, hash: NO_HASH, recordedAtMicros: 0n };
}

function byKey(operations: readonly LoadedOperation[]): Map<string, LoadedOperation> {
  return new Map(operations.map((operation) => [operationKey(operation), operation]));
}
