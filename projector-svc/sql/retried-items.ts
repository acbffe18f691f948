/**
 * The statements by which items that have waited are told: taken out of the rows that held them
 * while they waited, and told by a row of their own. A row that is left empty stays: it says when
 * its batch was stored.
 */
import type pg from 'pg';

const TAKE = `
  delete from waiting_items where account_id = any($1::uuid[]) and waiting_seq = $2
  returning tenant, submission_id, item_index, partition, seq`;
const ROWS = `
  select retry_no, item_indexes from acknowledgements
   where tenant = $1 and submission_id = $2 and partition = $3 and seq = $4
   order by retry_no`;
const SHORTEN = `
  update acknowledgements set item_count = $6, item_indexes = $7
   where tenant = $1 and submission_id = $2 and partition = $3 and seq = $4 and retry_no = $5`;
const TELL = `
  insert into acknowledgements (tenant, submission_id, partition, seq, retry_no, item_count,
      item_indexes, other_partitions, other_seqs, traceparent, stored_at, projected_at)
    select tenant, submission_id, partition, seq, $5::bigint, $6::integer, $7::bytea,
           other_partitions, other_seqs, traceparent, stored_at, $8::timestamptz
      from acknowledgements
     where tenant = $1 and submission_id = $2 and partition = $3 and seq = $4
     order by retry_no limit 1`;
const NUMBER = `
  update acknowledgements set retry_no = $5
   where tenant = $1 and submission_id = $2 and partition = $3 and seq = $4 and retry_no = 0`;

/** Items of one submission that count in one record. */
export type Place = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly partition: number;
  readonly seq: bigint;
};

export type ReleasedItem = Place & { readonly itemIndex: bigint };

type ItemRow = {
  tenant: string;
  submission_id: string;
  item_index: bigint;
  partition: number;
  seq: bigint;
};

/** What waited with the events of these accounts at seq; it waits no more. */
export async function takeWaitingItems(
  client: pg.ClientBase,
  accountIds: readonly string[],
  seq: bigint,
): Promise<ReleasedItem[]> {
  const { rows } = await client.query<ItemRow>(TAKE, [accountIds, seq]);
  return rows.map(({ submission_id, item_index, ...row }) => ({
    ...row,
    submissionId: submission_id,
    itemIndex: item_index,
  }));
}

export async function acknowledgementsAt(
  client: pg.ClientBase,
  place: Place,
): Promise<{ retryNo: bigint; itemIndexes: Buffer }[]> {
  const { rows } = await client.query<{ retry_no: bigint; item_indexes: Buffer }>(
    ROWS,
    keyOf(place),
  );
  return rows.map((row) => ({ retryNo: row.retry_no, itemIndexes: row.item_indexes }));
}

/** What a row says from now on. */
type Items = { readonly retryNo: bigint; readonly count: number; readonly indexes: Buffer };

export async function shortenRow(
  client: pg.ClientBase,
  place: Place,
  { retryNo, count, indexes }: Items,
): Promise<void> {
  await client.query(SHORTEN, [...keyOf(place), retryNo, count, indexes]);
}

export async function addRow(
  client: pg.ClientBase,
  place: Place,
  { retryNo, count, indexes }: Items,
  at: Date,
): Promise<void> {
  const values = [...keyOf(place), retryNo, count, indexes, at];
  if ((await client.query(TELL, values)).rowCount === 1) return;
  throw new Error(`no acknowledgement of ${place.submissionId} at ${place.partition}/${place.seq}`);
}

/** A row that was just written, of a record that could not be read before. */
export async function numberRow(
  client: pg.ClientBase,
  place: Place,
  retryNo: bigint,
): Promise<void> {
  await client.query(NUMBER, [...keyOf(place), retryNo]);
}

function keyOf({ tenant, submissionId, partition, seq }: Place): unknown[] {
  return [tenant, submissionId, partition, seq];
}
