/**
 * What a failed step means for its partition: try again, stop it with an alarm, or end the process.
 */
import { SQL_STATE, isConnectionLost, sqlStateOf } from '#platform/postgres.ts';
import { HeadMoved } from './commit-rows.ts';
import { MissingPosition } from './missing-position.ts';
import { OtherHistory } from './record-chain.ts';
import { TooManyParked } from './park-accounts.ts';
import { isWrongData } from './wrong-data.ts';

export type Verdict = 'read-head-again' | 'try-later' | 'stop-partition' | 'end-process';

/**
 * The store will work again, or does not say whether it did its work: the head, read again, tells.
 */
const PASSING = new Set<string>([
  SQL_STATE.serializationFailure,
  SQL_STATE.deadlock,
  SQL_STATE.lockTimeout, // somebody holds the head; a stopped owner is ended meanwhile
  SQL_STATE.queryCanceled,
]);
/** Too little memory, disk or connections. */
const RESOURCES = '53';

/** Nothing that comes later mends it. */
const STOPS = [MissingPosition, OtherHistory, TooManyParked] as const;

export function verdictOf(error: unknown): Verdict {
  if (error instanceof HeadMoved) return 'read-head-again';
  if (STOPS.some((kind) => error instanceof kind)) return 'stop-partition';
  if (isConnectionLost(error)) return 'try-later';
  if (isWrongData(error)) return 'stop-partition'; // of single accounts: they are parked before
  const state = sqlStateOf(error);
  if (state === undefined) return 'end-process';
  if (PASSING.has(state) || state.startsWith(RESOURCES)) return 'try-later';
  return 'end-process';
}
