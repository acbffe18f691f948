/**
 * One statement, one snapshot: the partition's head, the newest event of each asked account, the
 * operations that callers named, and which accounts the log's rows after `known` touch. All that a
 * decision stands on. Lateral, so that each account and operation is one index probe whatever the
 * planner knows of the table. Rows after `known` are read up to `rowsMax + 1`: one more than the
 * limit means too far behind. `withHolders` asks for the accounts' first events too, by which they
 * are somebody's: one more probe each.
 */
import type { ClientBase, Pool } from 'pg';
import type { OpenedEvent } from '../account-holder.ts';

export type LoadedEvent = {
  readonly accountId: string;
  readonly version: bigint;
  readonly recordedAtMicros: bigint;
  readonly operationId: string;
  readonly hash: Buffer;
  readonly payload: Buffer;
};

export type LoadedOperation = LoadedEvent & { readonly contentHash: Buffer };

export type LoadedRow = {
  readonly seq: bigint;
  readonly batchId: string;
  readonly accountIds: string[];
};

export type Loaded = {
  /** Without the position that the transaction itself has taken. */
  readonly head: bigint | undefined;
  /** The batches of the log's rows at the head and at `known`. */
  readonly headBatchId: string | undefined;
  readonly knownBatchId: string | undefined;
  readonly newestEvents: LoadedEvent[];
  /** The accounts' first events, where they were asked for. */
  readonly openedEvents: readonly OpenedEvent[];
  readonly operations: LoadedOperation[];
  readonly rowsSinceKnown: LoadedRow[];
};

export type LoadRequest = {
  readonly partition: number;
  /** Undefined: nothing is cached, so no rows are asked for. */
  readonly known: bigint | undefined;
  /** The head's row counts a position that this transaction has taken. */
  readonly headTaken: boolean;
  readonly rowsMax: number;
  readonly accountIds: readonly string[];
  /** Account and operation, pairwise. */
  readonly operationAccountIds: readonly string[];
  readonly operationIds: readonly string[];
  readonly withHolders?: boolean | undefined;
};

const MICROS = '(extract(epoch from e.recorded_at) * 1000000)::bigint';

const SQL = `
  select 'head' as kind, h.seq, o.batch_id, null::uuid as account_id, null::bigint as version,
         null::bigint as recorded_at, null::uuid as operation_id, null::bytea as hash,
         null::bytea as payload, null::bytea as content_hash, null::uuid[] as account_ids
    from (select seq - $7::integer as seq from partition_heads where partition = $1) h
    left join lateral (select batch_id from outbox where partition = $1 and seq = h.seq) o on true
  union all
  select 'event', null, null, e.account_id, e.version, ${MICROS}, e.operation_id, e.hash,
         e.payload, null, null
    from unnest($4::uuid[]) a(id)
    cross join lateral
         (select * from events where account_id = a.id order by version desc limit 1) e
  union all
  select 'operation', null, null, e.account_id, e.version, ${MICROS}, e.operation_id, e.hash,
         e.payload, e.content_hash, null
    from unnest($5::uuid[], $6::uuid[]) o(account_id, id)
    cross join lateral
         (select * from events where account_id = o.account_id and operation_id = o.id limit 1) e
  union all
  (select 'row', seq, batch_id, null, null, null, null, null, null, null,
          case when seq > $2 then account_ids end
    from outbox where partition = $1 and seq >= $2 order by seq limit $3)`;

const SQL_WITH_HOLDERS = `${SQL}
  union all
  select 'opened', null, null, e.account_id, null, null, null, null, e.payload, null, null
    from unnest($4::uuid[]) a(id)
    cross join lateral
         (select account_id, payload from events where account_id = a.id and version = 1) e`;

type Row = {
  kind: 'head' | 'event' | 'operation' | 'row' | 'opened';
  seq: bigint;
  batch_id: string | null;
  account_id: string;
  version: bigint;
  recorded_at: bigint;
  operation_id: string | null;
  hash: Buffer;
  payload: Buffer;
  content_hash: Buffer;
  account_ids: string[];
};

const NO_ROWS_AFTER = 2n ** 63n - 1n;

export async function loadAccounts(db: ClientBase | Pool, request: LoadRequest): Promise<Loaded> {
  const { rows } = await db.query<Row>(loadStatement(request));
  let head: bigint | undefined;
  let headBatchId: string | undefined;
  let knownBatchId: string | undefined;
  const newestEvents: LoadedEvent[] = [];
  const openedEvents: OpenedEvent[] = [];
  const operations: LoadedOperation[] = [];
  const rowsSinceKnown: LoadedRow[] = [];
  for (const row of rows) {
    const { seq, batch_id: batchId } = row;
    if (row.kind === 'head') {
      head = seq;
      headBatchId = batchId ?? undefined;
    } else if (row.kind === 'row' && seq === request.known) knownBatchId = batchId ?? undefined;
    else if (row.kind === 'row') {
      rowsSinceKnown.push({ seq, batchId: batchId ?? '', accountIds: row.account_ids });
    } else if (row.kind === 'event') newestEvents.push(loadedEvent(row));
    else if (row.kind === 'opened') {
      openedEvents.push({ accountId: row.account_id, payload: row.payload });
    } else operations.push({ ...loadedEvent(row), contentHash: row.content_hash });
  }
  const read = { newestEvents, openedEvents, operations, rowsSinceKnown };
  return { head, headBatchId, knownBatchId, ...read };
}

function loadedEvent(row: Row): LoadedEvent {
  return {
    accountId: row.account_id,
    version: row.version,
    recordedAtMicros: row.recorded_at,
    operationId: row.operation_id ?? '',
    hash: row.hash,
    payload: row.payload,
  };
}

/** The prepared statement, also for those who look at its plan. */
export function loadStatement(request: LoadRequest) {
  return {
    name: request.withHolders === true ? 'load-accounts-with-holders' : 'load-accounts',
    text: request.withHolders === true ? SQL_WITH_HOLDERS : SQL,
    values: [
      request.partition,
      request.known ?? NO_ROWS_AFTER,
      request.rowsMax + 2, // the one at known, and one more than the limit
      request.accountIds,
      request.operationAccountIds,
      request.operationIds,
      request.headTaken ? 1 : 0,
    ],
  };
}
