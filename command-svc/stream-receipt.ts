/**
 * What became of one stream's items: counts, and the refused items with the lowest indexes.
 * Outcomes come in the order of storing, not of indexes, from all lanes at once; no more than the
 * bound of refusals is ever kept.
 */
import type { Rejection as Refusal } from '#domain/rejection.ts';
import type { BulkReceipt, Rejection, Submission } from '#proto/bank/v1/submission.ts';
import { FIRST_REJECTIONS_MAX } from './bounds.ts';
import { accountTextOf, operationTextOf, type BatchItem } from './batch-item.ts';

export type StreamCounts = {
  accepted: number;
  rejected: number;
  duplicate: number;
  replayed: number;
  /** Ascending by index. */
  readonly firstRejections: Rejection[];
};

export function newStreamCounts(): StreamCounts {
  return { accepted: 0, rejected: 0, duplicate: 0, replayed: 0, firstRejections: [] };
}

export function countRejected(counts: StreamCounts, item: BatchItem, refusal: Refusal): void {
  counts.rejected += 1;
  const kept = counts.firstRejections;
  const index = BigInt(item.itemIndex);
  if (kept.length === FIRST_REJECTIONS_MAX) {
    const highest = kept.at(-1);
    if (highest !== undefined && highest.itemIndex < index) return;
    kept.pop();
  }
  let place = kept.length;
  while (place > 0 && (kept[place - 1]?.itemIndex ?? -1n) > index) place -= 1;
  kept.splice(place, 0, rejectionOfItem(item, refusal));
}

/** A refused item as its caller is told of it. */
export function rejectionOfItem(item: BatchItem, refusal: Refusal): Rejection {
  return {
    itemIndex: BigInt(item.itemIndex),
    accountId: accountTextOf(item),
    operationId: operationTextOf(item),
    reason: refusal.reason,
    message: refusal.message,
    field: refusal.field,
  };
}

export function bulkReceipt(
  submissionId: string,
  counts: StreamCounts,
  submission: Submission | undefined,
): BulkReceipt {
  const { accepted, rejected, duplicate, replayed, firstRejections } = counts;
  return {
    submissionId,
    received: BigInt(accepted + rejected + duplicate + replayed),
    accepted: BigInt(accepted),
    rejected: BigInt(rejected),
    duplicate: BigInt(duplicate),
    replayed: BigInt(replayed),
    firstRejections,
    submission,
  };
}
