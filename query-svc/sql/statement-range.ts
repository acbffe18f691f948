/**
 * What a statement covers: the account, the versions between the two times as they are now, and the
 * balance before the first of them. One statement, one snapshot.
 */
import type pg from 'pg';
import type { Reach } from '#platform/caller.ts';
import type { AccountView } from '../account-view.ts';
import { ACCOUNT_COLUMNS, accountView, PASSED_HOLDS, type AccountRow } from './read-accounts.ts';

export type StatementRange = {
  readonly account: AccountView;
  readonly fromVersion: bigint;
  /** Behind the last one; at least fromVersion. */
  readonly endVersion: bigint;
  readonly openingMinor: bigint;
};

type Row = AccountRow & { from_version: bigint; end_version: bigint; opening_minor: bigint };

const TEXT = `
  select ${ACCOUNT_COLUMNS}, range.from_version, greatest(range.from_version, range.end_version)
      as end_version,
    coalesce((select before.balance_after_minor from entries before
      where before.account_id = $2 and before.version = range.from_version - 1), 0)
      as opening_minor
  from balances b
  ${PASSED_HOLDS}
  cross join lateral (
    select coalesce(first_version_at(b.account_id, b.version, $3::timestamptz), 1) as from_version,
      coalesce(first_version_at(b.account_id, b.version, $4::timestamptz), b.version + 1)
        as end_version
    offset 0
  ) range
  where b.tenant = $1 and b.account_id = $2::uuid and ($5::text is null or b.owner = $5)`;

/** Undefined: there is no such account. Times are ISO 8601 with microseconds; undefined: any. */
export async function statementRange(
  db: Pick<pg.Pool, 'query'>,
  { tenant, owner }: Reach,
  accountId: string,
  [recordedFrom, recordedBefore]: readonly [string | undefined, string | undefined],
): Promise<StatementRange | undefined> {
  const { rows } = await db.query<Row>({
    name: 'statement-range',
    text: TEXT,
    values: [tenant, accountId, recordedFrom, recordedBefore, owner],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    account: accountView(row),
    fromVersion: row.from_version,
    endVersion: row.end_version,
    openingMinor: row.opening_minor,
  };
}
