/**
 * Errors of the store that say that rows do not fit: by position these cannot be. In an account's
 * events they show that an invariant of it is broken; elsewhere it is a bug, or a broken store.
 */
import { sqlStateOf } from '#platform/postgres.ts';
import { BALANCE_DIFFERS, HOLD_DIFFERS } from './sql/project-records.ts';

/** Data that does not fit, and constraints. */
const WRONG_DATA = ['22', '23'];
/** The same, as our own functions say it. */
const WRONG_ROWS = new Set<string>([BALANCE_DIFFERS, HOLD_DIFFERS]);

export function isWrongData(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return false;
  return WRONG_ROWS.has(state) || WRONG_DATA.includes(state.slice(0, 2));
}
