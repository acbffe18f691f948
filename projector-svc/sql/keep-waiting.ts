/**
 * What a transaction leaves for parked accounts: where events of theirs stand in the log, and the
 * accepted items that are not told for it. Kept once, however often it is said.
 */
import type { PipelineStep } from '#platform/postgres-pipeline.ts';

/** Where an account's events wait, in its own partition. */
export type WaitingRecord = { readonly accountId: string; readonly seq: bigint };

/** An accepted item that is not told, because this account of it waits. */
export type WaitingItem = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly itemIndex: bigint;
  readonly accountId: string;
  /** Where the event that waits stands. */
  readonly waitingSeq: bigint;
  /** Where the item counts. */
  readonly partition: number;
  readonly seq: bigint;
};

export type WaitingRows = {
  readonly records: readonly WaitingRecord[];
  readonly items: readonly WaitingItem[];
};

export function keepWaiting(waiting: WaitingRows): PipelineStep {
  const records = waiting.records.map(({ accountId, seq }) => ({ a: accountId, s: String(seq) }));
  const items = waiting.items.map((item) => ({
    t: item.tenant,
    u: item.submissionId,
    i: String(item.itemIndex),
    a: item.accountId,
    w: String(item.waitingSeq),
    p: item.partition,
    s: String(item.seq),
  }));
  return {
    kind: 'statement',
    name: 'keep_waiting',
    sql: 'select keep_waiting($1, $2)',
    values: [JSON.stringify(records), JSON.stringify(items)],
  };
}
