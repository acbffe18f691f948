/**
 * A page of one partition's log, as it is: positions that are missing are missing. By binary COPY,
 * since verification reads everything; ids are canonical UUIDs, which stand in the statement.
 */
import type { Pool } from 'pg';
import { copyRows } from '#platform/copy-rows.ts';
import type { LogRow } from './read-log-rows.ts';

export type LogPage = {
  readonly rows: readonly LogRow[];
  /** All positions up to here were looked at. */
  readonly until: bigint;
};

export type LogPageLimits = { readonly positionsMax: number; readonly bytesMax: number };

/** `accountIds`: only rows that name one of them; undefined: all. The first row always comes. */
export async function copyLog(
  db: Pool,
  partition: number,
  after: bigint,
  head: bigint,
  accountIds: readonly string[] | undefined,
  { positionsMax, bytesMax }: LogPageLimits,
): Promise<LogPage> {
  const end = after + BigInt(positionsMax);
  const until = end < head ? end : head;
  const named =
    accountIds === undefined ? '' : `and account_ids && '{${accountIds.join(',')}}'::uuid[]`;
  const copied = await copyRows(
    db,
    `select seq, total, payload
       from (select seq, payload, count(*) over () as total, row_number() over w as n,
                    sum(octet_length(payload)) over w as bytes
               from outbox
              where partition = ${partition} and seq > ${after} and seq <= ${until} ${named}
             window w as (order by seq)) as ahead
      where n = 1 or bytes <= ${bytesMax}
      order by seq`,
  );
  const rows: LogRow[] = [];
  let total = 0n;
  while (copied.next()) {
    const seq = copied.int64();
    total = copied.int64();
    rows.push({ partition, seq, payload: copied.slice() });
  }
  const isCut = BigInt(rows.length) < total;
  return { rows, until: isCut ? (rows.at(-1)?.seq ?? until) : until };
}
