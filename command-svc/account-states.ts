/**
 * Step 2 of a batch, load: the states that its accounts have, from the lane's cache or by one index
 * probe each.
 *
 * Invariant: every state cached in a lane is exact as of `known`, the newest position that the lane
 * has seen. `known` moves only over rows that were looked at, in order: an account that such a row
 * touches leaves the cache, and is loaded again when a batch asks for it. What cannot be followed
 * (too many rows, a gap, a head that went back, another batch where one was seen: an older copy of
 * the event store) empties the cache; nothing is ever guessed.
 */
import type { ClientBase, Pool } from 'pg';
import { counter } from '#platform/telemetry.ts';
import { dropStates, type BaseAccount, type LaneStates, type StatesLimits } from './lane-states.ts';
import {
  absentAccount,
  keepLoaded,
  NO_HOLD_FACTS,
  readAccounts,
  readHolds,
} from './loaded-accounts.ts';
import {
  operationKey,
  type AccountOperation,
  type BaseStates,
  type Wanted,
} from './base-states.ts';
import type { Holders } from './account-holder.ts';
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
  readonly holders: Holders;
  /** True: at least one look at the head, even when the cache has all. */
  readonly readHead: boolean;
  /** Under the head's lock its row already counts the position that this transaction took. */
  readonly headTaken: boolean;
  /** Accounts that are not looked for: what the cache lacks of them does not exist. */
  readonly assumedAbsent?: ReadonlySet<string>;
};

const lookUps = counter(
  'bank.command.cache.lookups',
  "Accounts that batches needed, by whether the lane's cache had them: hit, miss, or absent (to " +
    'be opened in bulk, and not looked for).',
  '{account}',
  ['outcome'],
);

function noteLookUps(wanted: number, missing: number, absent: number): void {
  const hits = Math.max(0, wanted - missing - absent);
  if (hits > 0) lookUps.add(hits, { outcome: 'hit' });
  if (missing > 0) lookUps.add(missing, { outcome: 'miss' });
  if (absent > 0) lookUps.add(absent, { outcome: 'absent' });
}

const NO_IDS: ReadonlySet<string> = new Set();

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
  const found = new Map<string, BaseAccount>();
  let foundOperations = new Map<string, LoadedOperation>();
  const absent = options.assumedAbsent ?? NO_IDS;
  const asked = askedOperations(lane, wanted, absent);
  let facts = NO_HOLD_FACTS;
  const { holds, reversedEvents } = wanted;
  const isNewEachTime = asked.length + holds.length + reversedEvents.length > 0; // no lane keeps it
  let mustLook = options.readHead || isNewEachTime || lane.ownRows.size > 0;
  for (let round = 0; round < options.limits.loadRoundsMax; round++) {
    const missing = takeCached(lane, wanted.accountIds, found, absent);
    if (missing.length === 0 && !mustLook && lane.known !== undefined) {
      const { known, knownBatchId } = lane;
      if (round === 0) noteLookUps(wanted.accountIds.size, 0, absent.size);
      return { known, knownBatchId, accounts: found, operations: foundOperations, ...facts };
    }
    if (round === 0) noteLookUps(wanted.accountIds.size, missing.length, absent.size);
    mustLook = false;
    const loaded = await loadAccounts(db, {
      partition: lane.partition,
      known: lane.known,
      headTaken: options.headTaken,
      rowsMax: options.limits.rowsBehindMax,
      accountIds: missing,
      operationAccountIds: asked.map((operation) => operation.accountId),
      operationIds: asked.map((operation) => operation.operationId),
      withHolders: options.limits.withHolders,
    });
    const { head, headBatchId } = loaded;
    if (head === undefined) throw new Error(`partition ${lane.partition} has no head`);
    const touched = follow(lane, loaded, head, options);
    if (touched === 'lost') {
      dropStates(lane);
      found.clear();
      mustLook = true;
      continue;
    }
    for (const id of touched) found.delete(id);
    foundOperations = byKey(loaded.operations);
    const read = await readAccounts(db, loaded, options.holders);
    facts = await readHolds(db, wanted, read, found);
    keepLoaded(lane, read, missing, found);
    lane.known = head;
    lane.knownBatchId = headBatchId;
  }
  throw new UnsettledHeadError(`partition ${lane.partition} does not stand still`);
}

function askedOperations(
  lane: LaneStates,
  { operations, reversedOperations }: Wanted,
  absent: ReadonlySet<string>,
): AccountOperation[] {
  const isAsked = ({ accountId }: AccountOperation): boolean =>
    !absent.has(accountId) || lane.accounts.has(accountId);
  return [...operations.filter(isAsked), ...reversedOperations];
}

function takeCached(
  lane: LaneStates,
  accountIds: ReadonlySet<string>,
  found: Map<string, BaseAccount>,
  absent: ReadonlySet<string>,
): string[] {
  const missing: string[] = [];
  for (const id of accountIds) {
    if (found.has(id)) continue;
    const cached = lane.accounts.get(id);
    if (cached !== undefined) found.set(id, cached);
    else if (absent.has(id)) found.set(id, absentAccount(id));
    else missing.push(id);
  }
  return missing;
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
  const { rowsSinceKnown, knownBatchId } = loaded;
  if (knownBatchId !== lane.knownBatchId) return 'lost';
  if (head < lane.known || rowsSinceKnown.length > options.limits.rowsBehindMax) return 'lost';
  if (BigInt(rowsSinceKnown.length) !== head - lane.known) return 'lost';
  let expected = lane.known;
  for (const row of rowsSinceKnown) {
    expected += 1n;
    if (row.seq !== expected) return 'lost';
    const own = lane.ownRows.get(row.seq);
    if (own === row.batchId) continue;
    if (own !== undefined) return 'lost';
    for (const id of row.accountIds) {
      lane.accounts.delete(id);
      touched.add(id);
    }
  }
  lane.ownRows.clear();
  return touched;
}

function byKey(operations: readonly LoadedOperation[]): Map<string, LoadedOperation> {
  return new Map(operations.map((operation) => [operationKey(operation), operation]));
}
