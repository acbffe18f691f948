/**
 * A page of an account's entries by keyset over (account_id, version), and the version that the
 * page is as of: one statement, one snapshot. Entries are only added, at the end, so pages neither
 * shift nor overlap. Times become versions by probes of the primary key. Filters have no index of
 * their own: a page looks at a bounded range of versions, and says when there is more behind it.
 */
import type pg from 'pg';
import type { Reach } from '#platform/caller.ts';
import type { EntryView } from '../entry-view.ts';
import { ENTRY_COLUMNS, ENTRY_LINKS, entryViews, type EntryRow } from './entry-row.ts';

export type EntriesQuery = {
  readonly reach: Reach;
  readonly accountId: string;
  readonly descending: boolean;
  /** Versions from this on, */
  readonly fromVersion: bigint;
  /** and below this. */
  readonly endVersion: bigint;
  /** As ISO 8601 with microseconds; undefined: any. */
  readonly recordedFrom: string | undefined;
  readonly recordedBefore: string | undefined;
  /** Numbers of EntryType; undefined: all. */
  readonly types: readonly number[] | undefined;
  readonly submissionId: string | undefined;
  /** YYYY-MM-DD; undefined: any. */
  readonly valueDateFrom: string | undefined;
  readonly valueDateBefore: string | undefined;
  readonly limit: number;
  /** So many versions are looked at, at most. */
  readonly versionsMax: number;
};

export type EntriesPage = {
  readonly asOfVersion: bigint;
  readonly projectedAtMicros: bigint;
  readonly entries: readonly EntryView[];
  /**
   * The last version that was looked at, in the direction of the list, when more may follow behind
   * it; undefined: all were.
   */
  readonly lookedUpTo: bigint | undefined;
};

type PageRow = EntryRow & {
  as_of_version: bigint;
  projected_at_micros: bigint;
  looked_up_to: bigint | null;
};

const RANGE = {
  asc: `select low, least(high, low + $12::bigint) as high,
      case when low + $12::bigint < high then low + $12::bigint - 1 end as looked_up_to`,
  desc: `select greatest(low, high - $12::bigint) as low, high,
      case when high - $12::bigint > low then high - $12::bigint end as looked_up_to`,
} as const;

const text = (direction: 'asc' | 'desc') => `
  select b.version as as_of_version,
    (extract(epoch from b.projected_at) * 1000000)::bigint as projected_at_micros,
    range.looked_up_to, ${ENTRY_COLUMNS}
  from balances b
  cross join lateral (
    select
      least(b.version + 1, greatest($3::bigint, 1,
        first_version_at(b.account_id, b.version, $5::timestamptz))) as low,
      least(b.version + 1, $4::bigint,
        first_version_at(b.account_id, b.version, $6::timestamptz)) as high
    offset 0
  ) bounds
  cross join lateral (${RANGE[direction]} offset 0) range
  left join lateral (
    select * from entries
    where account_id = $2 and version >= range.low and version < range.high
      and ($7::smallint[] is null or type = any($7))
      and ($8::text is null or submission_id = $8)
      and ($9::date is null
        or coalesce(value_date, (recorded_at at time zone 'UTC')::date) >= $9)
      and ($10::date is null
        or coalesce(value_date, (recorded_at at time zone 'UTC')::date) < $10)
    order by version ${direction} limit $11
  ) e on true
  ${ENTRY_LINKS}
  where b.tenant = $1 and b.account_id = $2::uuid and ($13::text is null or b.owner = $13)
  order by e.version ${direction}`;

const ASCENDING = { name: 'list-entries', text: text('asc') };
const DESCENDING = { name: 'list-entries-descending', text: text('desc') };

/** Undefined: there is no such account. */
export async function listEntries(
  db: Pick<pg.Pool, 'query'>,
  query: EntriesQuery,
): Promise<EntriesPage | undefined> {
  const { rows } = await db.query<PageRow>({
    ...(query.descending ? DESCENDING : ASCENDING),
    values: [
      query.reach.tenant,
      query.accountId,
      query.fromVersion,
      query.endVersion,
      query.recordedFrom,
      query.recordedBefore,
      query.types,
      query.submissionId,
      query.valueDateFrom,
      query.valueDateBefore,
      query.limit,
      query.versionsMax,
      query.reach.owner,
    ],
  });
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    asOfVersion: first.as_of_version,
    projectedAtMicros: first.projected_at_micros,
    entries: entryViews(rows),
    lookedUpTo: first.looked_up_to ?? undefined,
  };
}
