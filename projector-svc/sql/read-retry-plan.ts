/**
 * What a retry of one dead letter has to read again: the first records with events of the accounts
 * that wait for it, in the order of the log, and who waits there. Valid as long as retry_no of the
 * partition's head stays the same.
 */
import type pg from 'pg';

const SQL = `
  select h.retry_no, coalesce(d.is_unread, false) as is_unread, w.seq,
         w.account_ids::text[] as account_ids
    from projected_heads h
    left join dead_letters d on d.dead_letter_id = $2
    left join lateral (
      select r.seq, array_agg(r.account_id) as account_ids
        from parked_accounts p join waiting_records r using (account_id)
       where p.dead_letter_id = $2 and p.account_id <> all($3::uuid[])
       group by r.seq order by r.seq limit $4) as w on true
   where h.partition = $1
   order by w.seq`;

type Row = {
  retry_no: bigint;
  is_unread: boolean;
  seq: bigint | null;
  account_ids: string[] | null;
};

export type RetryPlan = {
  readonly retryNo: bigint;
  /** Nothing of the letter's own record is applied. */
  readonly isUnread: boolean;
  /** By position, ascending: the accounts with events there. */
  readonly waiting: ReadonlyMap<bigint, readonly string[]>;
};

/** except: accounts that this retry has found a fault in already. */
export async function readRetryPlan(
  pool: pg.Pool,
  letter: { readonly deadLetterId: string; readonly partition: number },
  except: readonly string[],
  recordsMax: number,
): Promise<RetryPlan> {
  const { rows } = await pool.query<Row>({
    name: 'read_retry_plan',
    text: SQL,
    values: [letter.partition, letter.deadLetterId, except, recordsMax],
  });
  const [first] = rows;
  if (first === undefined) throw new Error(`there is no partition ${letter.partition}`);
  const waiting = rows.flatMap(({ seq, account_ids }) =>
    seq === null ? [] : [[seq, account_ids ?? []] as const],
  );
  return { retryNo: first.retry_no, isUnread: first.is_unread, waiting: new Map(waiting) };
}
