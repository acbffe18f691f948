/**
 * What a load brought, as accounts of a lane: each with the state that its newest event carries,
 * and those of which nothing was found as accounts that do not exist.
 */
import type { ClientBase, Pool } from 'pg';
import { NO_ACCOUNT, type ExistingAccount } from '#domain/account.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import type { BaseAccount, LaneStates } from './lane-states.ts';
import { NO_HASH } from './event-chain.ts';
import { carriedState, replay } from './event-codec.ts';
import type { Loaded, LoadedEvent } from './sql/load-accounts.ts';
import { readAccountPayloads } from './sql/read-account-payloads.ts';

export async function keepLoaded(
  db: ClientBase | Pool,
  lane: LaneStates,
  loaded: Loaded,
  missing: readonly string[],
  found: Map<string, BaseAccount>,
): Promise<void> {
  for (const event of loaded.newestEvents) {
    const account = {
      idBytes: uuidToBytes(event.accountId),
      state: carriedState(event.payload, event.version) ?? (await replayed(db, event)),
      hash: event.hash.toString('latin1'),
      recordedAtMicros: event.recordedAtMicros,
    };
    lane.accounts.set(event.accountId, account);
    found.set(event.accountId, account);
  }
  for (const id of missing) if (!found.has(id)) found.set(id, absentAccount(id));
}

export function absentAccount(accountId: string): BaseAccount {
  const idBytes = uuidToBytes(accountId);
  return { idBytes, state: NO_ACCOUNT, hash: NO_HASH, recordedAtMicros: 0n };
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
