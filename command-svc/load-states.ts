/**
 * Step 2 of a batch, load: the states that its accounts have, from the lane's cache or by one index
 * probe each. Whatever the log's rows since the lane's `known` touch is read anew.
 */
import type { ClientBase, Pool } from 'pg';
import { NO_ACCOUNT, type ExistingAccount } from '#domain/account.ts';
import { NO_HOLDS } from '#domain/holds.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import {
  dropStates,
  operationKey,
  type AccountOperation,
  type BaseAccount,
  type BaseStates,
  type LaneStates,
  type StatesLimits,
} from './account-states.ts';
import { NO_HASH } from './event-chain.ts';
import { carriedState, replay } from './event-codec.ts';
import {
  loadAccounts,
  type Loaded,
  type LoadedEvent,
  type LoadedOperation,
} from './sql/load-accounts.ts';
import { readAccountPayloads } from './sql/read-account-payloads.ts';

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
  accountIds: ReadonlySet<string>,
  operations: readonly AccountOperation[],
  options: LoadOptions,
): Promise<BaseStates> {
  const found = new Map<string, BaseAccount>();
  let foundOperations = new Map<string, LoadedOperation>();
  let mustLook = options.readHead || operations.length > 0 || lane.ownRows.size > 0;
  for (let round = 0; round < options.limits.loadRoundsMax; round++) {
    const missing = takeCached(lane, accountIds, found);
    if (missing.length === 0 && !mustLook && lane.known !== undefined) {
      return {
        known: lane.known,
        accounts: found,
        operations: foundOperations,
        endedHolds: new Map(),
        reversed: new Set(),
      };
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
    await keepLoaded(db, lane, loaded, missing, found);
    lane.known = head;
  }
  throw new UnsettledHeadError(`partition ${lane.partition} does not stand still`);
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

async function keepLoaded(
  db: ClientBase | Pool,
  lane: LaneStates,
  loaded: Loaded,
  missing: readonly string[],
  found: Map<string, BaseAccount>,
): Promise<void> {
  for (const event of loaded.newestEvents) {
    const carried = carriedState(event.payload, event.version);
    const account = {
      idBytes: uuidToBytes(event.accountId),
      state:
        carried === undefined ? await replayed(db, event) : { ...carried, openHolds: NO_HOLDS },
      hash: event.hash.toString('latin1'),
      recordedAtMicros: event.recordedAtMicros,
    };
    lane.accounts.set(event.accountId, account);
    found.set(event.accountId, account);
  }
  for (const id of missing) if (!found.has(id)) found.set(id, absentAccount(id));
}

/** A state of an older shape than this code's: replayed from the account's first event. */
async function replayed(db: ClientBase | Pool, event: LoadedEvent): Promise<ExistingAccount> {
  const payloads = await readAccountPayloads(db, event.accountId, event.version);
  const state = replay(NO_ACCOUNT, payloads);
  if (state.status === 'none' || state.version !== event.version) {
    throw new Error(`account ${event.accountId} has ${state.version} of ${event.version} events`);
  }
  return state;
}

function byKey(operations: readonly LoadedOperation[]): Map<string, LoadedOperation> {
  return new Map(operations.map((operation) => [operationKey(operation), operation]));
}
function absentAccount(accountId: string): BaseAccount {
  const idBytes = uuidToBytes(accountId);
  return { idBytes, state: NO_ACCOUNT, hash: NO_HASH, recordedAtMicros: 0n };
}
