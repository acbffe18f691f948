/**
 * The entries of a rebuild against the live ones, in ranges of (account, version): one statement a
 * range, one snapshot, in which the rebuild's entries of an account reach up to the version of its
 * rebuilt balance. What is live beyond that is only newer.
 */
import type pg from 'pg';
import type { Difference } from './read-rebuild.ts';

export type EntryKey = { readonly accountId: string; readonly version: bigint };

/** The accounts alone, once more: the planner knows how many rows are between two values. */
const ACCOUNTS = 'account_id between $1::uuid and $3::uuid';
const RANGE = `${ACCOUNTS} and (account_id, version) > ($1::uuid, $2::bigint)
                 and (account_id, version) <= ($3::uuid, $4::bigint)`;

type Columns = { readonly shown: readonly string[]; readonly unshown: readonly string[] };

const textOf = (side: string, columns: readonly string[]): string =>
  `concat_ws(' ', ${columns.map((one) => columnText(side, one)).join(', ')})`;
const columnText = (side: string, column: string): string =>
  `'${column}', coalesce(${side}.${column}::text, '-')`;

const comparison = (table: string, kind: string, { shown, unshown }: Columns): string => `
  select account_id, version::text,
         case when l.seen is null then '${kind}_MISSING' when r.seen is null then '${kind}_EXTRA'
              else '${kind}_DIFFERS' end as kind,
         case when r.seen is null then '' else ${textOf('r', shown)} end as expected,
         case when l.seen is null then '' else ${textOf('l', shown)} end as found
    from (select *, 1 as seen from public.${table} where ${RANGE}) l
    full join (select *, 1 as seen from rebuild.${table} where ${RANGE}) r
      using (account_id, version)
    left join (select account_id, version as reached from rebuild.balances where ${ACCOUNTS}) b
      using (account_id)
   where (${[...shown, ...unshown].map((one) => `l.${one}`).join(', ')}, l.seen)
           is distinct from (${[...shown, ...unshown].map((one) => `r.${one}`).join(', ')}, r.seen)
     and (r.seen is not null or version <= b.reached)
   order by account_id, version`;

const ENTRIES = comparison('entries', 'ENTRY', {
  shown: [
    'type',
    'recorded_at',
    'amount_minor',
    'balance_after_minor',
    'currency_code',
    'operation_id',
    'submission_id',
    'item_index',
    'value_date',
  ],
  unshown: ['reference', 'state_after'], // what people wrote, and bytes
});
const LINKS = comparison('entry_links', 'ENTRY_LINK', {
  shown: ['counterpart_account_id', 'counterpart_version', 'hold_id', 'reversed_version'],
  unshown: [],
});

/** An account has an entry for each version, so that only its version is read. */
const RANGE_END = `
  select account_id, version - (total - $3::bigint) as version
    from (select account_id, version, sum(entries) over (order by account_id)::bigint as total
            from (select account_id, version,
                         version - case account_id when $1::uuid then $2::bigint else 0 end
                           as entries
                    from rebuild.balances where account_id >= $1::uuid
                   order by account_id limit $3::bigint + 1) ahead) counted
   where total >= $3::bigint order by account_id limit 1`;

/** Where a range of so many rebuilt entries ends; undefined: there are fewer left. */
export async function rangeEnd(
  db: pg.Pool,
  { accountId, version }: EntryKey,
  rows: number,
): Promise<EntryKey | undefined> {
  const { rows: found } = await db.query<{ account_id: string; version: bigint }>({
    name: 'rebuild_range_end',
    text: RANGE_END,
    values: [accountId, version, rows],
  });
  const [end] = found;
  return end && { accountId: end.account_id, version: end.version };
}

type Row = { account_id: string } & Omit<Difference, 'accountId'>;

/** Behind the first key, up to the second. Planned each time, for these keys. */
export async function compareEntries(
  db: pg.Pool,
  from: EntryKey,
  to: EntryKey,
): Promise<Difference[]> {
  const values = [from.accountId, from.version, to.accountId, to.version];
  const entries = await db.query<Row>(ENTRIES, values);
  const links = await db.query<Row>(LINKS, values);
  return [...entries.rows, ...links.rows].map(({ account_id: accountId, ...rest }) => {
    return { accountId, ...rest };
  });
}
