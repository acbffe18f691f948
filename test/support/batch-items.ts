/** Items for tests of what happens to items, whatever is in them. */
import type { BatchItem } from '../../command-svc/batch-item.ts';

/** An item of a stream that nobody waits for. */
export function bulkItem(partition: number, bytes = 10): BatchItem {
  return {
    command: undefined,
    invalid: undefined,
    written: undefined,
    contentHash: '',
    partition,
    itemIndex: 0,
    bytes,
    origin: {
      kind: 'submission',
      claim: { tenant: '', submissionId: 's', claimId: 'c' },
      traceparent: undefined,
      settle: () => undefined,
    },
  };
}

/** A command that nobody waits for. */
export function unaryItem(partition: number, bytes = 10): BatchItem {
  const { origin } = bulkItem(partition);
  const { settle, traceparent } = origin;
  const unary = { kind: 'unary', settle, traceparent, deadlineMs: undefined } as const;
  return { ...bulkItem(partition, bytes), origin: unary };
}
