/** Dead letters that a retry asks for, in the order of the log, without what they hold. */
import type pg from 'pg';
import { isReachedSql, type LetterReach } from '../letter-reach.ts';

const COLUMNS = 'dead_letter_id::text, partition, seq, source';
const ONE = `
  select ${COLUMNS} from dead_letters d
   where dead_letter_id = $1 and ${isReachedSql('d', 2, 3)}`;
const SOME = `
  select ${COLUMNS} from dead_letters d
   where ($1::text is null or cause = $1) and ${isReachedSql('d', 6, 7)}
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

export async function findLetter(
  pool: pg.Pool,
  id: string,
  { tenant, owner }: LetterReach,
): Promise<LetterToRetry | undefined> {
  const { rows } = await pool.query<Row>(ONE, [id, tenant, owner]);
  return rows.map(letterOf)[0];
}

/** behind: the last one of the page before. */
export async function lettersToRetry(
  pool: pg.Pool,
  cause: string | undefined,
  behind: LetterPlace,
  limit: number,
  reach: LetterReach,
): Promise<LetterToRetry[]> {
  const { partition, seq, deadLetterId } = behind;
  const asked = [cause ?? null, partition, seq, deadLetterId, limit];
  const values = [...asked, reach.tenant, reach.owner];
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
