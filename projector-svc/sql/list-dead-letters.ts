/**
 * Dead letters as they are kept, in the order of the log, with the accounts that wait for them. A
 * page is bounded by count and by the bytes of its payloads; the first letter always comes.
 */
import type pg from 'pg';
import { isReachedSql, type LetterReach } from '../letter-reach.ts';
import type { LetterPlace } from './letters-to-retry.ts';

const PARKED = `
         (select count(*) from parked_accounts p
           where p.dead_letter_id = d.dead_letter_id) as parked_accounts,
         array(select p.account_id::text from parked_accounts p
                where p.dead_letter_id = d.dead_letter_id
                order by p.account_id limit $1) as parked_account_ids`;
const PAGE = `
  select d.*, ${PARKED}
    from (select l.*, count(*) over () as candidates,
                 row_number() over (order by partition, seq, dead_letter_id) as n,
                 sum(octet_length(payload)) over (order by partition, seq, dead_letter_id) as bytes
            from (select * from dead_letters x
                   where ($2::text is null or cause = $2) and ${isReachedSql('x', 8, 9)}
                     and (partition, seq, dead_letter_id) > ($3::integer, $4::bigint, $5::uuid)
                   order by partition, seq, dead_letter_id limit $6) as l) as d
   where n = 1 or bytes <= $7
   order by partition, seq, dead_letter_id`;
const NAMED = `
  select d.*, ${PARKED}
    from dead_letters d where d.dead_letter_id = any($2::uuid[]) and ${isReachedSql('d', 3, 4)}
   order by partition, seq, dead_letter_id`;

export type DeadLetterRow = {
  dead_letter_id: string;
  partition: number;
  seq: bigint;
  kafka_offset: bigint | null;
  headers: unknown;
  payload: Buffer;
  payload_bytes: bigint;
  cause: string;
  message: string;
  found_at: Date;
  retries: number;
  parked_accounts: bigint;
  parked_account_ids: string[];
};

export type PageLimits = {
  readonly letters: number;
  readonly bytes: number;
  /** Of one letter. */
  readonly accounts: number;
};

export async function listDeadLetters(
  pool: pg.Pool,
  cause: string | undefined,
  behind: LetterPlace,
  limits: PageLimits,
  reach: LetterReach,
): Promise<{ rows: DeadLetterRow[]; hasMore: boolean }> {
  const { partition, seq, deadLetterId } = behind;
  const place = [partition, seq, deadLetterId];
  const values = [limits.accounts, cause ?? null, ...place, limits.letters + 1, limits.bytes];
  const reached = [...values, reach.tenant, reach.owner];
  const { rows } = await pool.query<DeadLetterRow & { candidates: bigint }>(PAGE, reached);
  const page = rows.slice(0, limits.letters);
  return { rows: page, hasMore: (rows[0]?.candidates ?? 0n) > BigInt(page.length) };
}

/** Those that are still there. */
export async function readDeadLetters(
  pool: pg.Pool,
  ids: readonly string[],
  accountsMax: number,
  { tenant, owner }: LetterReach,
): Promise<DeadLetterRow[]> {
  return (await pool.query<DeadLetterRow>(NAMED, [accountsMax, ids, tenant, owner])).rows;
}
