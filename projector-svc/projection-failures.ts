/**
 * What a failed step means for its partition: try again, stop it with an alarm, or end the process.
 */
import { SQL_STATE, isConnectionLost, sqlStateOf } from '#platform/postgres.ts';
import { MissingPosition } from './outbox-filler.ts';
import { HeadMoved } from './commit-rows.ts';
import { BALANCE_DIFFERS, HOLD_DIFFERS } from './sql/project-records.ts';

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
/**
 * Data that does not fit, and constraints: by position these cannot be, so it is a bug or a broken
 * store.
 */
const WRONG_DATA = ['22', '23'];
/** The same, as our own functions say it. */
const WRONG_ROWS = new Set<string>([BALANCE_DIFFERS, HOLD_DIFFERS]);

export function verdictOf(error: unknown): Verdict {
  if (error instanceof HeadMoved) return 'read-head-again';
  if (error instanceof MissingPosition) return 'stop-partition';
  if (isConnectionLost(error)) return 'try-later';
  const state = sqlStateOf(error);
  if (state === undefined) return 'end-process';
  if (PASSING.has(state) || state.startsWith(RESOURCES)) return 'try-later';
  if (WRONG_ROWS.has(state) || WRONG_DATA.includes(state.slice(0, 2))) return 'stop-partition';
  return 'end-process';
}
