/**
 * A submission over several partitions, as records of the log: its batches, and the record that
 * closes it.
 */
import { randomUUID } from 'node:crypto';
import type { World } from './projector-fixture.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import {
  deposited,
  indexVarints,
  logRecord,
  opened,
} from '../../unit/projector/record-fixtures.ts';

export type Submission = {
  id: string;
  /** Without the closing record. */
  batches: LogRecord[];
  closing: LogRecord;
  accepted: number;
  /** By partition, the last position. */
  heads: Map<number, bigint>;
};

export type SubmissionPlan = { partitions: number[]; batches: number; itemsPerBatch: number };

/** It goes on where the world's log is; what it returns must be stored. */
export function submission(world: World, plan: SubmissionPlan): Submission {
  const id = `file-${randomUUID()}`;
  const accounts = new Map(plan.partitions.map((partition) => [partition, newAccount()]));
  const heads = new Map<number, bigint>();
  let item = 0;
  const batches = Array.from({ length: plan.batches }, (_, n) => {
    const partition = plan.partitions[n % plan.partitions.length] ?? 0;
    const account = accounts.get(partition) ?? newAccount();
    const seq = world.nextSeq(partition);
    const isFirst = !heads.has(partition);
    heads.set(partition, seq);
    const indexes = Array.from({ length: plan.itemsPerBatch }, () => item++);
    const events = indexes.map((index) => account.next(index));
    const part = { tenant: '', submissionId: id, accepted: indexes.length };
    return logRecord({
      partition,
      seq,
      events: isFirst ? [account.opening, ...events] : events,
      submissions: [{ ...part, acceptedIndexes: indexVarints(indexes) }],
      traceparent: traceparent(n),
    });
  });
  return {
    id,
    batches,
    accepted: item,
    heads,
    closing: closing(world, id, heads, item, plan.partitions[0]),
  };
}

/** Writes its place into the heads. */
function closing(
  world: World,
  submissionId: string,
  heads: Map<number, bigint>,
  accepted: number,
  partition = 0,
): LogRecord {
  const lastPositions = [...heads]
    .map(([place, seq]) => ({ partition: place, seq }))
    .sort((a, b) => a.partition - b.partition);
  const seq = world.nextSeq(partition);
  heads.set(partition, seq);
  const totals = { accepted: BigInt(accepted), rejected: 2n, replayed: 0n };
  const submissionClosed = {
    tenant: '',
    submissionId,
    ...totals,
    totalItems: totals.accepted + 2n,
  };
  return logRecord({ partition, seq, submissionClosed: { ...submissionClosed, lastPositions } });
}

function newAccount() {
  const accountId = randomUUID();
  let version = 1n;
  return {
    opening: opened(accountId),
    next: (index: number) => {
      version++;
      return deposited({
        accountId,
        version,
        amount: 1n,
        balance: version - 1n,
        submissionNumber: 1,
        itemIndex: BigInt(index),
      });
    },
  };
}

export function traceparent(n: number): string {
  return `00-${String(n + 1).padStart(32, '0')}-${String(n + 1).padStart(16, '0')}-01`;
}
