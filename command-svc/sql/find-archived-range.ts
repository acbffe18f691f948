/** The range of the archive that a position of the log stands in; undefined: it is in none. */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select first_seq, last_seq, file_name
    from archived_ranges
   where partition = $1 and first_seq <= $2 and last_seq >= $2`;

type Row = { first_seq: bigint; last_seq: bigint; file_name: string };

export type ArchivedRange = {
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly fileName: string;
};

export async function findArchivedRange(
  db: ClientBase | Pool,
  partition: number,
  seq: bigint,
): Promise<ArchivedRange | undefined> {
  const { rows } = await db.query<Row>({
    name: 'find-archived-range',
    text: SQL,
    values: [partition, seq],
  });
  const [row] = rows;
  return row && { firstSeq: row.first_seq, lastSeq: row.last_seq, fileName: row.file_name };
}
