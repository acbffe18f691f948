/** Dead letters that a retry asks for, in the order of the log, without what they hold. */
import type pg from 'pg';

const COLUMNS = 'dead_letter_id::text, partition, seq, source';
const ONE = `select ${COLUMNS} from dead_letters where dead_letter_id = $1`;
const SOME = `
  select ${COLUMNS} from dead_letters
   where ($1::text is null or cause = $1)
     and (partition, seq, dead_letter_id) > ($2::integer, $3::bigint, $4::uuid)
   order by partition, seq, dead_letter_id limit $5`;

type Row = {
  dead_letter_id: string;
  partition: number;
  seq: bigint;
  source: 'kafka' | 'store';
};

export type LetterToRetry = {
  readonly deadLetterId: string;
  readonly partition: number;
  readonly seq: bigint;
  readonly source: 'kafka' | 'store';
};

export async function findLetter(pool: pg.Pool, id: string): Promise<LetterToRetry | undefined> {
  const { rows } = await pool.query<Row>(ONE, [id]);
  return rows.map(letterOf)[0];
}

/** behind: the last one of the page before. */
export async function lettersToRetry(
  pool: pg.Pool,
  cause: string | undefined,
  behind: LetterPlace,
  limit: number,
): Promise<LetterToRetry[]> {
  const { partition, seq, deadLetterId } = behind;
  const values = [cause ?? null, partition, seq, deadLetterId, limit];
  const { rows } = await pool.query<Row>(SOME, values);
  return rows.map(letterOf);
}

/** Where a letter stands in their order. */
export type LetterPlace = Pick<LetterToRetry, 'partition' | 'seq' | 'deadLetterId'>;

export const BEFORE_ALL: LetterPlace = {
  partition: -1,
  seq: 0n,
  deadLetterId: '00000000-0000-0000-0000-000000000000',
};

function letterOf(row: Row): LetterToRetry {
  const { partition, seq, source } = row;
  return { deadLetterId: row.dead_letter_id, partition, seq, source };
}
