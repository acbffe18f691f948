/** Items for tests of what happens to items, whatever is in them. */
import { ANYONE } from '#platform/caller.ts';
import type { BatchItem, Settle } from '../../command-svc/batch-item.ts';

/** An item of a stream. */
export function bulkItem(partition: number, bytes = 10, settle: Settle = NOBODY): BatchItem {
  const claim = { tenant: '', submissionId: 's', claimId: 'c' };
  const origin = {
    kind: 'submission',
    claim,
    traceparent: undefined,
    caller: ANYONE,
    settle,
  } as const;
  return { ...EMPTY, partition, bytes, origin };
}

/** An item of a direct batch. */
export function directItem(partition: number, bytes = 10, settle: Settle = NOBODY): BatchItem {
  const item = bulkItem(partition, bytes, settle);
  if (item.origin.kind !== 'submission') throw new Error('a bulk item is of a submission');
  return { ...item, origin: { ...item.origin, isDirect: true } };
}

/** A command. */
export function unaryItem(partition: number, bytes = 10, settle: Settle = NOBODY): BatchItem {
  const unary = {
    kind: 'unary',
    deadlineAtMs: undefined,
    traceparent: undefined,
    caller: ANYONE,
    settle,
  } as const;
  return { ...EMPTY, partition, bytes, origin: unary };
}

const NOBODY: Settle = () => undefined;
const EMPTY = {
  command: undefined,
  invalid: undefined,
  written: undefined,
  contentHash: '',
  itemIndex: 0,
  otherPartition: undefined,
} as const;
