/**
 * Submissions to several accounts of a partition, and transfers over two, as records of the log.
 */
import { randomUUID } from 'node:crypto';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { EventType } from '#proto/bank/event/v1/events.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import {
  deposited,
  indexVarints,
  logRecord,
  opened,
} from '../../unit/projector/record-fixtures.ts';
import type { World } from './projector-fixture.ts';

/** An account of that partition, with what stands in it. */
export function accountIn(partition: number): { id: string; version: number } {
  for (;;) {
    const id = randomUUID();
    if (partitionOfAccount(id, 16) === partition) return { id, version: 0 };
  }
}
export type Account = ReturnType<typeof accountIn>;

export function opening(world: World, partition: number, accounts: readonly Account[]): LogRecord {
  const events = accounts.map((account) => {
    account.version = 1;
    return opened(account.id);
  });
  return logRecord({ partition, seq: world.nextSeq(partition), events });
}

type Item = readonly [itemIndex: number, account: Account];

/** A record with a deposit for each item. */
export function batch(
  world: World,
  partition: number,
  submissionId: string,
  items: readonly Item[],
): LogRecord {
  const indexes = items.map(([itemIndex]) => itemIndex);
  const part = { tenant: '', submissionId, accepted: indexes.length };
  const events = items.map(([itemIndex, account]) => {
    account.version += 1;
    const version = BigInt(account.version);
    const amounts = { amount: 1n, balance: version - 1n };
    const place = { submissionNumber: 1, itemIndex: BigInt(itemIndex) };
    return deposited({ accountId: account.id, version, ...amounts, ...place });
  });
  const submissions = [{ ...part, acceptedIndexes: indexVarints(indexes) }];
  return logRecord({ partition, seq: world.nextSeq(partition), events, submissions });
}

export function closing(
  world: World,
  submissionId: string,
  accepted: number,
  batches: readonly LogRecord[],
): LogRecord {
  const last = new Map(batches.map(({ partition, seq }) => [partition, seq]));
  const totals = { accepted: BigInt(accepted), rejected: 0n, replayed: 0n };
  const lastPositions = [...last].map(([partition, seq]) => ({ partition, seq }));
  const submissionClosed = { tenant: '', submissionId, ...totals, totalItems: BigInt(accepted) };
  const seq = world.nextSeq(15);
  return logRecord({
    partition: 15,
    seq,
    submissionClosed: { ...submissionClosed, lastPositions },
  });
}

/** A transfer of 1 between accounts of two partitions, each leg in its own record. */
export function transfer(
  world: World,
  id: string,
  from: Account,
  to: Account,
): [LogRecord, LogRecord] {
  const place = (account: Account): number => partitionOfAccount(account.id, 16);
  const [here, there] = [place(from), place(to)];
  const seqs: Record<number, bigint> = {
    [here]: world.nextSeq(here),
    [there]: world.nextSeq(there),
  };
  const batchId = randomUUID();
  const leg = (account: Account, counterpart: Account, type: EventType) => {
    const base = deposited({ accountId: account.id, version: 1n, amount: 1n, balance: 1n });
    const value = {
      amountMinor: 1n,
      counterpartAccountId: uuidToBytes(counterpart.id),
      counterpartVersion: BigInt(counterpart.version + 1),
      reference: undefined,
      valueDate: '',
    };
    const isSent = type === EventType.EVENT_TYPE_TRANSFER_SENT;
    const body = isSent
      ? { $case: 'transferSent' as const, value }
      : { $case: 'transferReceived' as const, value: { ...value, operationId: Buffer.alloc(0) } };
    const of = isSent ? { submissionNumber: 1, itemIndex: 0n } : {};
    const version = BigInt(account.version + 1);
    return { ...base, version, type, event: { body, after: base.event?.after }, ...of };
  };
  const submissions = [
    { tenant: '', submissionId: id, accepted: 1, acceptedIndexes: indexVarints([0]) },
  ];
  const row = (partition: number, other: number, content: object): LogRecord =>
    logRecord({
      partition,
      seq: seqs[partition] ?? 0n,
      batchId,
      others: [{ partition: other, seq: seqs[other] ?? 0n }],
      ...content,
    });
  const sent = leg(from, to, EventType.EVENT_TYPE_TRANSFER_SENT);
  const received = leg(to, from, EventType.EVENT_TYPE_TRANSFER_RECEIVED);
  return [
    row(here, there, { events: [sent], submissions }),
    row(there, here, { events: [received] }),
  ];
}
