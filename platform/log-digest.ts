/**
 * A running hash over the rows of one partition's log: who knows it at one position needs only the
 * rows behind it for the next. A changed, missing, added or moved row changes it from there on.
 * Every column that a reader relies on is in it; each row's own hash is computed by PostgreSQL, so
 * that no payload travels. Reads in bounded pages.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { uuidToBytes } from './uuid.ts';

/** Where the hash stands. */
export type LogPoint = {
  readonly partition: number;
  /** Rows up to this position are not in it; 0: all are. */
  readonly start: bigint;
  readonly seq: bigint;
  /** Of the row at seq; empty where seq is start. */
  readonly batchId: string;
  /** 64 hex digits. */
  readonly hash: string;
};

const PAGE_POSITIONS = 200;
const SQL = `
  select o.seq::text as seq, batch_id,
         sha256(int8send(seq) || uuid_send(batch_id) ||
                int8send((extract(epoch from stored_at) * 1000000)::bigint) ||
                int4send(octet_length(type)) || convert_to(type, 'UTF8') ||
                int4send(cardinality(account_ids)) || array_send(account_ids) || payload) as digest
    from outbox o where partition = $1 and o.seq > $2 and o.seq <= $3
   order by o.seq limit ${PAGE_POSITIONS}`;

type Row = { readonly seq: string; readonly batch_id: string; readonly digest: Buffer };

/** The log does not hold a position that it must hold. */
export class LogGapError extends Error {
  override readonly name = 'LogGapError';
  readonly partition: number;
  readonly seq: bigint;

  constructor(partition: number, seq: bigint) {
    super(`partition ${partition} of the log does not hold position ${seq}`);
    this.partition = partition;
    this.seq = seq;
  }
}

/** Before the first row that is hashed. */
export function firstPoint(logId: string, partition: number, start: bigint): LogPoint {
  const head = Buffer.alloc(16 + 4 + 8);
  uuidToBytes(logId, head, 0);
  head.writeInt32BE(partition, 16);
  head.writeBigInt64BE(start, 20);
  const hash = createHash('sha256').update('log digest 1').update(head).digest('hex');
  return { partition, start, seq: start, batchId: '', hash };
}

/** Goes on to a position that exists. `onPage` may throw to stop it. */
export async function digestLog(
  db: pg.Pool | pg.ClientBase,
  from: LogPoint,
  until: bigint,
  onPage: (rows: number) => void,
): Promise<LogPoint> {
  let point = from;
  while (point.seq < until) {
    const values = [point.partition, point.seq, until];
    const { rows } = await db.query<Row>({ name: 'digest-log', text: SQL, values });
    for (const { seq, batch_id: batchId, digest } of rows) {
      const next = BigInt(seq);
      if (next !== point.seq + 1n) break;
      const hash = createHash('sha256').update(point.hash, 'hex').update(digest).digest('hex');
      point = { ...point, seq: next, batchId, hash };
    }
    const last = rows.at(-1);
    if (last === undefined || BigInt(last.seq) !== point.seq) {
      throw new LogGapError(point.partition, point.seq + 1n);
    }
    onPage(rows.length);
  }
  return point;
}
