/**
 * The results of a direct batch, gathered until all of it is stored: one for each command, in their
 * order. Bounded by the batch itself.
 */
import type { Rejection as Refusal } from '#domain/rejection.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import { receiptOf, type BatchItem, type Executed } from './batch-item.ts';
import { commandReceipt } from './command-answers.ts';
import type { ResultSink } from './item-results.ts';
import { rejectionOfItem } from './stream-receipt.ts';
import { readDuplicates } from './stored-results.ts';
import type { SubmissionKey } from './submission-claims.ts';
import type { SubmissionContext } from './submission-transactions.ts';

export type CollectedResults = ResultSink & {
  /** The refused item with the lowest index. */
  firstRefused(): { readonly index: number; readonly rejection: Refusal } | undefined;
  /** All results, ascending by index; reads those of duplicates. */
  all(context: SubmissionContext, submission: SubmissionKey): Promise<ItemResult[]>;
};

export function collectResults(): CollectedResults {
  const results = new Map<number, ItemResult>();
  const duplicates: number[] = [];
  let first: { index: number; rejection: Refusal } | undefined;
  return {
    accepted(item, executed) {
      results.set(item.itemIndex, acceptedResult(item, executed));
    },
    refused(item, rejection) {
      const index = item.itemIndex;
      results.set(index, refusedResult(item, rejection));
      if (first === undefined || index < first.index) first = { index, rejection };
    },
    duplicate: (index) => void duplicates.push(index),
    firstRefused: () => first,
    async all(context, submission) {
      for await (const read of readDuplicates(context, submission, duplicates)) {
        for (const result of read) results.set(Number(result.itemIndex), result);
      }
      return [...results.values()].sort((a, b) => Number(a.itemIndex - b.itemIndex));
    },
  };
}

export function acceptedResult(item: BatchItem, executed: Executed): ItemResult {
  if (item.command === undefined) throw new Error('an item without a command was executed');
  const receipt = receiptOf(item.command, executed);
  const outcome = { $case: 'receipt', value: commandReceipt(receipt) } as const;
  return { itemIndex: BigInt(item.itemIndex), duplicate: false, outcome };
}

export function refusedResult(item: BatchItem, rejection: Refusal): ItemResult {
  const outcome = { $case: 'rejection', value: rejectionOfItem(item, rejection) } as const;
  return { itemIndex: BigInt(item.itemIndex), duplicate: false, outcome };
}
