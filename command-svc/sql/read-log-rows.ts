/**
 * Rows of the log from some partitions, in order, bounded by their bytes; the first always comes.
 * Each range must exist: positions are dense, so a row that is missing among those that came is an
 * error, never passed over.
 */
import type { Pool } from 'pg';
import { MissingPositionError } from './missing-position.ts';

const SQL = `
  select partition, seq, payload
    from (select w.place, o.partition, o.seq, o.payload,
                 sum(octet_length(o.payload)) over (order by w.place, o.seq) as bytes,
                 row_number() over (order by w.place, o.seq) as n
            from unnest($1::integer[], $2::bigint[], $3::bigint[])
                   with ordinality as w(partition, after, until, place)
           cross join lateral (
                 select partition, seq, payload from outbox
                  where partition = w.partition and seq > w.after and seq <= w.until
                  order by seq limit $4) o) as ahead
   where n = 1 or bytes <= $5
   order by place, seq`;

/** Positions after `after`, up to `until`. */
export type LogRange = {
  readonly partition: number;
  readonly after: bigint;
  readonly until: bigint;
};

export type LogRow = { readonly partition: number; readonly seq: bigint; readonly payload: Buffer };

export async function readLogRows(
  db: Pool,
  ranges: readonly LogRange[],
  limits: { readonly rowsMax: number; readonly bytesMax: number },
): Promise<LogRow[]> {
  const { rows } = await db.query<LogRow>({
    name: 'read-log-rows',
    text: SQL,
    values: [
      ranges.map(({ partition }) => partition),
      ranges.map(({ after }) => after),
      ranges.map(({ until }) => until),
      limits.rowsMax,
      limits.bytesMax,
    ],
  });
  checkDense(ranges, rows);
  return rows;
}

function checkDense(ranges: readonly LogRange[], rows: readonly LogRow[]): void {
  const next = new Map(ranges.map(({ partition, after }) => [partition, after + 1n]));
  for (const { partition, seq } of rows) {
    const expected = next.get(partition);
    if (seq !== expected) {
      throw new MissingPositionError(partition, expected ?? 0n, `the next row is ${seq}`);
    }
    next.set(partition, seq + 1n);
  }
  const [first] = ranges;
  if (first !== undefined && rows.length === 0) {
    const found = `the head is at ${first.until}`;
    throw new MissingPositionError(first.partition, first.after + 1n, found);
  }
}
