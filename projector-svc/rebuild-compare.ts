/**
 * Compares the entries of a rebuild that has caught up with the live ones, range by range, in short
 * statements and without a lock. Balances, holds and what was told are compared at the swap, when
 * both stand still. Every difference is counted, and the first ones are kept.
 */
import type pg from 'pg';
import { retryWithBackoff } from '#platform/waiting.ts';
import { REBUILD } from './bounds.ts';
import { verdictOf } from './projection-failures.ts';
import { compareEntries, rangeEnd } from './sql/compare-rebuilt.ts';
import type { EntryKey } from './sql/compare-rebuilt.ts';
import type { Differences } from './sql/diff-rebuilt.ts';
import { goneOr } from './sql/read-rebuilt-heads.ts';
import type { Difference } from './sql/read-rebuild.ts';

const FIRST: EntryKey = { accountId: '00000000-0000-0000-0000-000000000000', version: 0n };
const LAST: EntryKey = {
  accountId: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  version: 2n ** 63n - 1n,
};

export async function compareRebuilt(db: pg.Pool, signal: AbortSignal): Promise<Differences> {
  let count = 0n;
  const first: Difference[] = [];
  for (let from: EntryKey | undefined = FIRST; from !== undefined;) {
    const range = await readRange(db, from, signal);
    count += BigInt(range.differences.length);
    first.push(...range.differences.slice(0, REBUILD.differencesKept - first.length));
    from = range.end;
  }
  return { count, first };
}

type Range = { readonly end: EntryKey | undefined; readonly differences: readonly Difference[] };

function readRange(db: pg.Pool, from: EntryKey, signal: AbortSignal): Promise<Range> {
  return patiently(signal, async () => {
    const end = await rangeEnd(db, from, REBUILD.compareRows);
    return { end, differences: await compareEntries(db, from, end ?? LAST) };
  });
}

/** What the planner must know of the tables, one after the other. */
export async function analyzeRebuilt(db: pg.Pool, signal: AbortSignal): Promise<void> {
  const { rows } = await patiently(signal, () =>
    db.query<{ name: string }>('select unnest(rebuilt_tables()) as name'),
  );
  for (const { name } of rows) {
    await patiently(signal, () => db.query('select analyze_rebuild($1)', [name]));
  }
}

/** What fails for a passing reason is tried again, a bounded number of times. */
export async function patiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  const { attemptsMax: attempts, retryFirstMs: firstMs, retryMaxMs: maxMs } = REBUILD;
  const retriable = (error: unknown): boolean => verdictOf(error) === 'try-later';
  try {
    return await retryWithBackoff({ firstMs, maxMs, attempts, signal, retriable }, ask);
  } catch (error) {
    throw goneOr(error);
  }
}
