/**
 * The states of a rebuild against the live ones, at equal positions: balances, open holds, what was
 * told of submissions and their totals. To be asked while the heads stand still, in a transaction;
 * whole tables take longer than what a statement is given elsewhere.
 */
import type pg from 'pg';
import { REBUILD } from '../bounds.ts';
import type { Difference } from './read-rebuild.ts';

const STATE = [
  'version',
  'balance_minor',
  'held_minor',
  'overdraft_limit_minor',
  'currency_code',
  'status',
  'debits_frozen',
  'credits_frozen',
];
/** Not shown: they name people, or say nothing. */
const UNSHOWN = ['tenant', 'owner', 'labels', 'opened_at', 'updated_at'];

const shown = (side: string, columns: readonly string[]): string =>
  `concat_ws(' ', ${columns.map((one) => columnText(side, one)).join(', ')})`;
const columnText = (side: string, column: string): string =>
  `'${column}', coalesce(${side}.${column}::text, '-')`;
const columnsOf = (side: string, columns: readonly string[]): string =>
  columns.map((one) => `${side}.${one}`).join(', ');

const ACCOUNTS = `
  select account_id::text as account_id, coalesce(r.version, l.version)::text as version,
         case when l.seen is null then 'ACCOUNT_MISSING' when r.seen is null then 'ACCOUNT_EXTRA'
              when l.version <> r.version then 'VERSION_DIFFERS' else 'BALANCE_DIFFERS' end as kind,
         case when r.seen is null then '' else ${shown('r', STATE)} end as expected,
         case when l.seen is null then '' else ${shown('l', STATE)} end as found
    from (select *, 1 as seen from public.balances) l
    full join (select *, 1 as seen from rebuild.balances) r using (account_id)
   where (${columnsOf('l', [...STATE, ...UNSHOWN])}, l.seen)
           is distinct from (${columnsOf('r', [...STATE, ...UNSHOWN])}, r.seen)`;

const HOLD = ['remaining_minor', 'expires_at'];
const HOLDS = `
  select account_id::text, '0', 'HOLD_DIFFERS',
         case when r.remaining_minor is null then ''
              else hold_id::text || ' ' || ${shown('r', HOLD)} end,
         case when l.remaining_minor is null then ''
              else hold_id::text || ' ' || ${shown('l', HOLD)} end
    from public.open_holds l full join rebuild.open_holds r using (account_id, hold_id)
   where (${columnsOf('l', HOLD)}) is distinct from (${columnsOf('r', HOLD)})`;

const TOLD = `
  select '', seq::text, 'ACKNOWLEDGEMENT_DIFFERS',
         concat_ws(' ', 'submission', submission_id, 'partition', partition, 'items', r.items),
         concat_ws(' ', 'submission', submission_id, 'partition', partition, 'items', l.items)
    from (select tenant, submission_id, partition, seq, sum(item_count) as items
            from public.acknowledgements group by 1, 2, 3, 4) l
    full join (select tenant, submission_id, partition, seq, sum(item_count) as items
                 from rebuild.acknowledgements group by 1, 2, 3, 4) r
      using (tenant, submission_id, partition, seq)
   where l.items is distinct from r.items`;

const TOTALS = ['accepted', 'rejected', 'replayed', 'total_items', 'last_partitions', 'last_seqs'];
const CLOSED = `
  select '', '0', 'SUBMISSION_DIFFERS', concat_ws(' ', submission_id, ${shown('r', TOTALS)}),
         concat_ws(' ', submission_id, ${shown('l', TOTALS)})
    from public.closed_submissions l
    full join rebuild.closed_submissions r using (tenant, submission_id)
   where (${columnsOf('l', TOTALS)}) is distinct from (${columnsOf('r', TOTALS)})`;

const counted = (sql: string): string =>
  `select count(*) over () as total, d.* from (${sql}) d order by account_id limit $1`;

export type Differences = { readonly count: bigint; readonly first: readonly Difference[] };

/** `ofAccounts` and `ofSubmissions` apart: what was told is not always replaced. */
export type StateDifferences = { ofAccounts: Differences; ofSubmissions: Differences };

export async function diffStates(
  client: pg.PoolClient,
  firstMax: number,
): Promise<StateDifferences> {
  await client.query(`set local statement_timeout = ${REBUILD.swapCompareMs}`);
  const ofAccounts = await count(client, `${ACCOUNTS} union all ${HOLDS}`, firstMax);
  const columns = 'd(account_id, version, kind, expected, found)';
  const told = `select * from (${TOLD} union all ${CLOSED}) ${columns}`;
  const ofSubmissions = await count(client, told, firstMax);
  await client.query('set local statement_timeout = default');
  return { ofAccounts, ofSubmissions };
}

type Row = { total: bigint; account_id: string } & Omit<Difference, 'accountId'>;

async function count(client: pg.PoolClient, sql: string, firstMax: number): Promise<Differences> {
  const text = counted(sql);
  const question = { text, values: [firstMax], query_timeout: REBUILD.swapAnswerMs };
  const { rows } = await client.query<Row>(question);
  const first = rows.map(({ account_id: accountId, version, kind, expected, found }) => {
    return { accountId, version, kind, expected, found };
  });
  return { count: rows[0]?.total ?? 0n, first };
}
