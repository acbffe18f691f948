/**
 * Accounts whose events cannot be applied from the event store either are parked behind a dead
 * letter: one for each cause in a record. More than a bound is no fault of accounts, and throws
 * TooManyParked.
 */
import type pg from 'pg';
import { DEAD_LETTERS } from './config.ts';
import { letterOfStore } from './dead-letter.ts';
import type { DeadLetter, Fault } from './dead-letter.ts';
import type { LogRecord } from './record-outline.ts';
import { keepDeadLetter } from './sql/keep-dead-letter.ts';
import { countParked, insertParked, moveParked } from './sql/park-accounts.ts';

export class TooManyParked extends Error {
  override readonly name = 'TooManyParked';
}

/** An account with an event that cannot be applied. */
export type Refused = { readonly accountId: string; readonly fault: Fault };

/** A letter and the accounts that it parks. */
export type Parking = {
  readonly letter: DeadLetter;
  readonly accountIds: readonly string[];
};

/** Under the head's lock. Those that were parked before stay where they are. */
export async function parkAccounts(
  client: pg.ClientBase,
  record: LogRecord,
  refused: readonly Refused[],
): Promise<Parking[]> {
  const parkings = await keepLetters(client, record, refused);
  for (const { letter, accountIds } of parkings) {
    await insertParked(client, accountIds, record.partition, letter.deadLetterId);
  }
  await checkBound(client);
  return parkings;
}

/** All accounts of a row of which nothing can be read. */
export async function parkUnread(
  client: pg.ClientBase,
  record: LogRecord & { readonly accountIds: readonly string[] },
  fault: Fault,
): Promise<Parking> {
  const letter = letterOfStore(record, fault, true);
  await keepDeadLetter(client, letter);
  await insertParked(client, record.accountIds, record.partition, letter.deadLetterId);
  await checkBound(client);
  return { letter, accountIds: record.accountIds };
}

/** Accounts that are parked, and that a retry has found a fault in: here, or behind it. */
export async function parkAgain(
  client: pg.ClientBase,
  record: LogRecord,
  refused: readonly Refused[],
): Promise<Parking[]> {
  const parkings = await keepLetters(client, record, refused);
  for (const { letter, accountIds } of parkings) {
    await moveParked(client, accountIds, letter.deadLetterId);
  }
  return parkings;
}

async function keepLetters(
  client: pg.ClientBase,
  record: LogRecord,
  refused: readonly Refused[],
): Promise<Parking[]> {
  const parkings: Parking[] = [];
  for (const alike of Map.groupBy(refused, ({ fault }) => fault.cause).values()) {
    const [first] = alike;
    if (first === undefined) continue;
    const letter = letterOfStore(record, first.fault, false);
    await keepDeadLetter(client, letter);
    parkings.push({ letter, accountIds: alike.map(({ accountId }) => accountId) });
  }
  return parkings;
}

async function checkBound(client: pg.ClientBase): Promise<void> {
  const { accounts, letters } = await countParked(client);
  const { parkedMax } = DEAD_LETTERS;
  if (accounts <= parkedMax && letters <= parkedMax) return;
  throw new TooManyParked(
    `${accounts} accounts and ${letters} records would be parked, more than ${parkedMax}: ` +
      'this is no fault of single accounts',
  );
}
