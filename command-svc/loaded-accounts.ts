/**
 * What a load brought, as accounts of a lane. An account's newest event carries all but the single
 * holds: those are read by a second statement, which also tells what no state does (how named holds
 * have ended, which operations are undone). It is sent for batches that need it only; a batch of
 * deposits to accounts without holds never does.
 */
import type { ClientBase, Pool } from 'pg';
import { NO_ACCOUNT, type CarriedState, type ExistingAccount } from '#domain/account.ts';
import { findHold, NO_HOLDS, type OpenHold } from '#domain/holds.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { reversalKey, type AccountHold, type BaseStates, type Wanted } from './base-states.ts';
import type { Holders } from './account-holder.ts';
import { NO_HASH } from './event-chain.ts';
import { carriedState, replay } from './event-codec.ts';
import {
  keepAccount,
  type BaseAccount,
  type KnownAccount,
  type LaneStates,
} from './lane-states.ts';
import type { Loaded, LoadedEvent } from './sql/load-accounts.ts';
import { loadHolds, type LoadedHolds } from './sql/load-holds.ts';
import { readAccountPayloads } from './sql/read-account-payloads.ts';

/** Its holds are of a later version than its event: it must be read again. */
const MOVED_ON = 'moved on';

export type ReadAccount = KnownAccount | typeof MOVED_ON;

/** The accounts of the events; those with holds are without them until readHolds. */
export async function readAccounts(
  db: ClientBase | Pool,
  { newestEvents, openedEvents }: Pick<Loaded, 'newestEvents' | 'openedEvents'>,
  holders: Holders,
): Promise<Map<string, ReadAccount>> {
  const holderOf = await holders.ofOpened(openedEvents);
  const accounts = new Map<string, ReadAccount>();
  for (const event of newestEvents) {
    const { accountId, recordedAtMicros } = event;
    const carried = carriedState(event.payload, event.version) ?? (await replayed(db, event));
    accounts.set(accountId, {
      idBytes: uuidToBytes(accountId),
      state: { ...carried, openHolds: NO_HOLDS },
      hash: event.hash.toString('latin1'),
      recordedAtMicros,
      holder: holderOf.get(accountId),
    });
  }
  return accounts;
}

type HoldFacts = Pick<BaseStates, 'endedHolds' | 'reversed'>;

export const NO_HOLD_FACTS: HoldFacts = { endedHolds: new Map(), reversed: new Set() };

/**
 * Completes the accounts that were just read; `found` are those that were known. What it reads may
 * be newer than their events.
 */
export async function readHolds(
  db: ClientBase | Pool,
  wanted: Wanted,
  accounts: Map<string, ReadAccount>,
  found: ReadonlyMap<string, BaseAccount>,
): Promise<HoldFacts> {
  const accountIds: string[] = [];
  for (const [id, account] of accounts) {
    if (account !== MOVED_ON && account.state.heldMinor !== 0n) accountIds.push(id);
  }
  const holds = wanted.holds.filter((hold) => !isKnownOpen(hold, found));
  const { reversedOperations: operations, reversedEvents: events } = wanted;
  const asked = accountIds.length + holds.length + operations.length + events.length;
  if (asked === 0) return NO_HOLD_FACTS;
  const loaded = await loadHolds(db, { accountIds, holds, operations, events });
  for (const id of accountIds) accounts.set(id, withHolds(id, accounts.get(id), loaded));
  return {
    endedHolds: new Map(loaded.ended.map((one) => [one.accountId + one.holdId, one.end])),
    reversed: new Set(loaded.reversed.map((one) => reversalKey(one.accountId, one.version))),
  };
}

function isKnownOpen(
  { accountId, holdId }: AccountHold,
  found: ReadonlyMap<string, BaseAccount>,
): boolean {
  const state = found.get(accountId)?.state;
  return state !== undefined && state.status !== 'none' && findHold(state, holdId) !== undefined;
}

function withHolds(
  id: string,
  account: ReadAccount | undefined,
  { accounts }: LoadedHolds,
): ReadAccount {
  const read = accounts.get(id);
  if (account === undefined || account === MOVED_ON) return MOVED_ON;
  if (read?.version !== account.state.version) return MOVED_ON;
  checkSum(id, account.state, read.holds);
  return { ...account, state: { ...account.state, openHolds: read.holds } };
}

function checkSum(id: string, { heldMinor, version }: CarriedState, holds: OpenHold[]): void {
  const sum = holds.reduce((total, { remainingMinor }) => total + remainingMinor, 0n);
  if (sum === heldMinor) return;
  throw new Error(`account ${id} holds ${heldMinor} at version ${version}, its holds ${sum}`);
}

/**
 * Those of which nothing was found do not exist. One that has moved on since its event was read is
 * neither kept nor found.
 */
export function keepLoaded(
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

export function absentAccount(accountId: string): BaseAccount {
  const idBytes = uuidToBytes(accountId);
  return { idBytes, state: NO_ACCOUNT, hash: NO_HASH, recordedAtMicros: 0n, holder: undefined };
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
