/**
 * The entry that made an account's balance as it was after a version, or at a time: one probe of
 * the primary key, or a few that find the version. One statement, one snapshot. `offset 0` keeps
 * the version a part of the probe, whatever the planner believes of the table's size.
 */
import type pg from 'pg';
import type { Reach } from '#platform/caller.ts';
import type { EntryView } from '../entry-view.ts';
import { ENTRY_COLUMNS, ENTRY_LINKS, entryViews, type EntryRow } from './entry-row.ts';

export type BalanceAtQuery = {
  readonly reach: Reach;
  readonly accountId: string;
  /** Either a version, */
  readonly version: bigint | undefined;
  /** or all that was recorded before this time, ISO 8601 with microseconds. */
  readonly recordedBefore: string | undefined;
};

export type BalanceAt = {
  readonly asOfVersion: bigint;
  readonly projectedAtMicros: bigint;
  /** Undefined: there was none yet, or there is no such version. */
  readonly entry: EntryView | undefined;
};

type Row = EntryRow & { as_of_version: bigint; projected_at_micros: bigint };

const TEXT = `
  select b.version as as_of_version,
    (extract(epoch from b.projected_at) * 1000000)::bigint as projected_at_micros,
    ${ENTRY_COLUMNS}
  from balances b
  cross join lateral (
    select coalesce($3::bigint, first_version_at(b.account_id, b.version, $4::timestamptz) - 1)
      as version offset 0
  ) wanted
  left join lateral (
    select * from entries
    where account_id = $2 and version = wanted.version and version <= b.version offset 0
  ) e on true
  ${ENTRY_LINKS}
  where b.tenant = $1 and b.account_id = $2::uuid and ($5::text is null or b.owner = $5)`;

/** Undefined: there is no such account. */
export async function balanceAt(
  db: Pick<pg.Pool, 'query'>,
  { reach, accountId, version, recordedBefore }: BalanceAtQuery,
): Promise<BalanceAt | undefined> {
  const { rows } = await db.query<Row>({
    name: 'balance-at',
    text: TEXT,
    values: [reach.tenant, accountId, version, recordedBefore, reach.owner],
  });
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    asOfVersion: first.as_of_version,
    projectedAtMicros: first.projected_at_micros,
    entry: entryViews(rows)[0],
  };
}
