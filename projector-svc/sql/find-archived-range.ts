/** The range of the archive that a position of the log stands in; undefined: it is in none. */
import type pg from 'pg';

const SQL = `
  select first_seq, last_seq, file_name
    from archived_ranges
   where partition = $1 and first_seq <= $2 and last_seq >= $2`;

type Row = { first_seq: bigint; last_seq: bigint; file_name: string };

export type ArchivedRange = { firstSeq: bigint; lastSeq: bigint; fileName: string };

export async function findArchivedRange(
  eventStore: pg.Pool,
  partition: number,
  seq: bigint,
): Promise<ArchivedRange | undefined> {
  const { rows } = await eventStore.query<Row>({
    name: 'find_archived_range',
    text: SQL,
    values: [partition, seq],
  });
  const [row] = rows;
  return row && { firstSeq: row.first_seq, lastSeq: row.last_seq, fileName: row.file_name };
}
