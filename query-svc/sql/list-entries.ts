/**
 * A page of an account's entries by keyset over (account_id, version), and the version that the
 * page is as of: one statement, one snapshot. Entries are only added, at the end, so pages neither
 * shift nor overlap.
 */
import type pg from 'pg';

export type EntriesQuery = {
  readonly tenant: string;
  readonly accountId: string;
  readonly descending: boolean;
  /** Versions from this on, */
  readonly fromVersion: bigint;
  /** and below this. */
  readonly endVersion: bigint;
  readonly limit: number;
};

export type EntryView = {
  readonly version: bigint;
  /** Number of EntryType. */
  readonly type: number;
  readonly recordedAtMicros: bigint;
  readonly amountMinor: bigint;
  readonly balanceAfterMinor: bigint;
  readonly currencyCode: string;
  readonly operationId: string | undefined;
  readonly submissionId: string | undefined;
  readonly itemIndex: bigint | undefined;
  readonly reference: string;
  /** YYYY-MM-DD; undefined: the day it was recorded. */
  readonly valueDate: string | undefined;
};

export type EntriesPage = {
  readonly asOfVersion: bigint;
  readonly projectedAtMicros: bigint;
  readonly entries: readonly EntryView[];
};

type EntryRow = { as_of_version: bigint; projected_at_micros: bigint } & (
  | { version: null }
  | {
      version: bigint;
      type: number;
      recorded_at_micros: bigint;
      amount_minor: bigint;
      balance_after_minor: bigint;
      currency_code: string;
      operation_id: string | null;
      submission_id: string | null;
      item_index: bigint | null;
      reference: string;
      value_date: string | null;
    }
);

const text = (direction: 'asc' | 'desc') => `
  select b.version as as_of_version,
    (extract(epoch from b.projected_at) * 1000000)::bigint as projected_at_micros,
    e.version, e.type, (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded_at_micros,
    e.amount_minor, e.balance_after_minor, e.currency_code, e.operation_id, e.submission_id,
    e.item_index, e.reference, e.value_date
  from balances b
  left join lateral (
    select * from entries
    where account_id = $2 and version >= $3 and version < $4
    order by version ${direction} limit $5
  ) e on true
  where b.tenant = $1 and b.account_id = $2
  order by e.version ${direction}`;

const ASCENDING = { name: 'list-entries', text: text('asc') };
const DESCENDING = { name: 'list-entries-descending', text: text('desc') };

/** Undefined: there is no such account. */
export async function listEntries(
  db: Pick<pg.Pool, 'query'>,
  { tenant, accountId, descending, fromVersion, endVersion, limit }: EntriesQuery,
): Promise<EntriesPage | undefined> {
  const { rows } = await db.query<EntryRow>({
    ...(descending ? DESCENDING : ASCENDING),
    values: [tenant, accountId, fromVersion, endVersion, limit],
  });
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    asOfVersion: first.as_of_version,
    projectedAtMicros: first.projected_at_micros,
    entries: rows.flatMap((row) => (row.version === null ? [] : [entryView(row)])),
  };
}

function entryView(row: Exclude<EntryRow, { version: null }>): EntryView {
  return {
    version: row.version,
    type: row.type,
    recordedAtMicros: row.recorded_at_micros,
    amountMinor: row.amount_minor,
    balanceAfterMinor: row.balance_after_minor,
    currencyCode: row.currency_code,
    operationId: row.operation_id ?? undefined,
    submissionId: row.submission_id ?? undefined,
    itemIndex: row.item_index ?? undefined,
    reference: row.reference,
    valueDate: row.value_date ?? undefined,
  };
}
