/**
 * Where a position of a log is that has gone to the archive: the range that it stands in, and the
 * words by which everybody who needs it is told so, with the command that brings it back.
 */
import type pg from 'pg';

const SQL = `
  select first_seq, last_seq, file_name
    from archived_ranges
   where partition = $1 and first_seq <= $2 and last_seq >= $2`;

type Row = { first_seq: bigint; last_seq: bigint; file_name: string };

/** Undefined: it is in none. */
export async function whereArchived(
  db: pg.ClientBase | pg.Pool,
  partition: number,
  seq: bigint,
): Promise<string | undefined> {
  const { rows } = await db.query<Row>({
    name: 'where_archived',
    text: SQL,
    values: [partition, seq],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  const back = `npm run ops -- unarchive --partition ${partition} --from ${seq} --folder FOLDER`;
  return (
    `partition ${partition}, positions ${row.first_seq} to ${row.last_seq}: ` +
    `archived in ${row.file_name}; brought back by ${back}`
  );
}
