/**
 * What the two databases hold of some accounts and submissions, read by plain SQL and decoded by
 * the contract of the stored messages alone. The ledger check compares; this only reads. It shares
 * no code with the services, so that a fault in theirs cannot hide here.
 */
import type pg from 'pg';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';

export type Stores = { eventStore: pg.Pool; projectionStore: pg.Pool };

export type HeadRow = {
  partition: number;
  seq: bigint;
  rows: bigint;
  newest: bigint;
  batches: bigint;
  batch_id: string | null;
};
export type EventRow = {
  account_id: string;
  version: bigint;
  recorded_micros: bigint;
  type: number;
  hash: Buffer;
  payload: Buffer;
  operation_id: string | null;
};
export type BatchRow = {
  partition: number;
  seq: bigint;
  first_index: bigint;
  last_index: bigint;
  accepted: number;
  rejected: number;
  replayed: number;
  currency_codes: string[];
  amounts_minor: bigint[];
  items: Buffer;
  hashes: Buffer;
};
export type RejectionRow = { item_index: bigint; reason: string; account_id: string };
export type SubmissionRow = { closed_at: Date | null; total_items: bigint | null };
export type LogRecord = { partition: number; seq: bigint; batch: EventBatch; record: EventRecord };

/** Each partition's head beside what its outbox holds. */
export async function readHeads({ eventStore }: Stores): Promise<HeadRow[]> {
  const { rows } = await eventStore.query<HeadRow>(
    `select h.partition, h.seq, count(o.seq) as rows, coalesce(max(o.seq), 0) as newest,
            count(distinct o.batch_id) as batches,
            (select batch_id from outbox l where l.partition = h.partition and l.seq = h.seq)
       from partition_heads h left join outbox o using (partition)
      group by h.partition, h.seq order by h.partition`,
  );
  return rows;
}

export async function readEvents(
  { eventStore }: Stores,
  accounts: readonly string[],
): Promise<EventRow[]> {
  const { rows } = await eventStore.query<EventRow>(
    `select account_id, version, (extract(epoch from recorded_at) * 1000000)::bigint
              as recorded_micros, type, hash, payload, operation_id
       from events where account_id = any($1::uuid[]) order by account_id, version`,
    [accounts],
  );
  return rows;
}

/** The events of these accounts as the log has them, in the order of positions. */
export async function readLogRecords(
  { eventStore }: Stores,
  accounts: readonly string[],
): Promise<LogRecord[]> {
  const wanted = new Set(accounts);
  const { rows } = await eventStore.query<{ partition: number; seq: bigint; payload: Buffer }>(
    `select partition, seq, payload from outbox where account_ids && $1::uuid[]
      order by partition, seq`,
    [accounts],
  );
  return rows.flatMap(({ partition, seq, payload }) => {
    const batch = EventBatch.decode(payload);
    const own = batch.events.filter((record) => wanted.has(uuidOf(record.accountId)));
    return own.map((record) => ({ partition, seq, batch, record }));
  });
}

export async function readSubmission(
  { eventStore }: Stores,
  submissionId: string,
): Promise<{
  submission: SubmissionRow | undefined;
  batches: BatchRow[];
  rejections: RejectionRow[];
  claims: number;
}> {
  const key = ['', submissionId];
  const where = 'where tenant = $1 and submission_id = $2';
  const submission = await eventStore.query<SubmissionRow>(
    `select closed_at, total_items from submissions ${where}`,
    key,
  );
  const batches = await eventStore.query<BatchRow>(
    `select partition, seq, first_index, last_index, accepted, rejected, replayed, currency_codes,
            amounts_minor, items, hashes
       from submission_batches ${where} order by partition, seq`,
    key,
  );
  const rejections = await eventStore.query<RejectionRow>(
    `select item_index, reason, account_id from rejections ${where} order by item_index`,
    key,
  );
  const claims = await eventStore.query(`select 1 from submission_claims ${where}`, key);
  return {
    submission: submission.rows[0],
    batches: batches.rows,
    rejections: rejections.rows,
    claims: claims.rows.length,
  };
}

export type StoredItem = { index: number; outcome: 'accepted' | 'rejected' | 'replayed' };

/** submission_batches.items, as the comment on that column defines it. */
export function decodeItems(bytes: Uint8Array): StoredItem[] {
  const names = ['accepted', 'rejected', 'replayed'] as const;
  let index = 0n;
  return readVarints(bytes).map((value) => {
    index += value >> 2n;
    const outcome = names[Number(value & 3n)];
    if (outcome === undefined) throw new RangeError(`outcome ${value & 3n} of item ${index}`);
    return { index: Number(index), outcome };
  });
}

/** SubmissionPart.accepted_indexes, as the contract of the stored messages defines it. */
export function decodeIndexes(bytes: Uint8Array): number[] {
  let index = 0n;
  return readVarints(bytes).map((value) => {
    index += value;
    return Number(index);
  });
}

function readVarints(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte > 0x7f) continue;
    values.push(value);
    value = 0n;
    shift = 0n;
  }
  return values;
}

export function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
