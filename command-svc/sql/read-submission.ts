/**
 * A submission and the sums over all that is stored of it, in one snapshot. The counters are sums
 * over append-only rows: there is no counter row that concurrent batches would queue on.
 */
import type { ClientBase, Pool } from 'pg';

const MICROS = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint`;

const SQL = `
  with parts as materialized (
    select partition, seq, last_index, accepted, rejected, replayed, currency_codes, amounts_minor
      from submission_batches where tenant = $1 and submission_id = $2),
  amounts as (
    select a.code, sum(a.minor)::text as total
      from parts p cross join lateral unnest(p.currency_codes, p.amounts_minor) as a(code, minor)
     group by a.code),
  positions as (select partition, max(seq) as seq from parts group by partition)
  select ${MICROS('s.created_at')} as created_at, ${MICROS('s.closed_at')} as closed_at,
         s.total_items, t.accepted, t.rejected, t.replayed, t.stored_end,
         array(select code from amounts order by code) as currency_codes,
         array(select total from amounts order by code) as totals,
         array(select partition from positions order by partition) as partitions,
         array(select seq from positions order by partition) as seqs
    from submissions s
   cross join (select coalesce(sum(accepted), 0)::bigint as accepted,
                      coalesce(sum(rejected), 0)::bigint as rejected,
                      coalesce(sum(replayed), 0)::bigint as replayed,
                      coalesce(max(last_index) + 1, 0)::bigint as stored_end
                 from parts) t
   where s.tenant = $1 and s.submission_id = $2`;

export type StoredSubmission = {
  readonly createdAtMicros: bigint;
  /** Undefined while it is open, like totalItems. */
  readonly closedAtMicros: bigint | undefined;
  readonly totalItems: bigint | undefined;
  readonly accepted: bigint;
  readonly rejected: bigint;
  readonly replayed: bigint;
  /** The index after the highest stored one. */
  readonly storedEnd: bigint;
  /** Accepted sums, ascending by currency. May leave the 64 bits of one account's balance. */
  readonly amounts: readonly { readonly currencyCode: string; readonly minorUnits: bigint }[];
  /** The newest position of each partition that holds a part of it, ascending by partition. */
  readonly lastPositions: readonly { readonly partition: number; readonly seq: bigint }[];
};

type Row = {
  created_at: bigint;
  closed_at: bigint | null;
  total_items: bigint | null;
  accepted: bigint;
  rejected: bigint;
  replayed: bigint;
  stored_end: bigint;
  currency_codes: string[];
  totals: string[];
  partitions: number[];
  seqs: bigint[];
};

export async function readSubmission(
  db: ClientBase | Pool,
  tenant: string,
  submissionId: string,
): Promise<StoredSubmission | undefined> {
  const { rows } = await db.query<Row>({
    name: 'read-submission',
    text: SQL,
    values: [tenant, submissionId],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    createdAtMicros: row.created_at,
    closedAtMicros: row.closed_at ?? undefined,
    totalItems: row.total_items ?? undefined,
    accepted: row.accepted,
    rejected: row.rejected,
    replayed: row.replayed,
    storedEnd: row.stored_end,
    amounts: row.currency_codes.map((currencyCode, i) => ({
      currencyCode,
      minorUnits: BigInt(row.totals[i] ?? '0'),
    })),
    lastPositions: row.partitions.map((partition, i) => ({ partition, seq: row.seqs[i] ?? 0n })),
  };
}
