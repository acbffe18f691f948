/**
 * An upload with validate_only: its items are decided on what is stored now, the results flow back,
 * and nothing is stored: no claim, no submission, no event. The items of one message see each
 * other's effects, those of different messages do not.
 */
import { realmOf } from '#platform/caller.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';
import type { ItemContext } from './bulk-items.ts';
import type { UploadEnd } from './bulk-upload.ts';
import { NOT_STORED } from './command-answers.ts';
import { decideOnStored, type TrialContext } from './decide-on-stored.ts';
import type { ItemNumbering } from './item-numbering.ts';
import type { OpenedUpload, ToItem, UploadOrigin } from './opened-upload.ts';
import { isReversal, reversalItem } from './reversal-targets.ts';
import {
  bulkReceipt,
  countRejected,
  newStreamCounts,
  type StreamCounts,
} from './stream-receipt.ts';
import { homePartition } from './submission-close.ts';

export function openTrial<Item>(
  context: TrialContext,
  end: UploadEnd,
  numbering: ItemNumbering,
  { traceparent, caller, results }: UploadOrigin,
  toItem: ToItem<Item>,
): OpenedUpload<Item> {
  const { submissionId } = numbering.plan;
  const submission = { tenant: realmOf(caller), submissionId };
  const counts = newStreamCounts();
  const itemContext: ItemContext = {
    partitionCount: context.partitionCount,
    homePartition: homePartition(submission, context.partitionCount),
    // Such an item is never enqueued.
    origin: {
      kind: 'submission',
      traceparent,
      caller,
      settle: () => undefined,
      claim: { ...submission, claimId: '' },
    },
  };
  return {
    async take(raw, first, from = 0, until = raw.length) {
      // Those before, told already, are decided again: the others see their effects.
      const items: BatchItem[] = [];
      for (const [place, one] of raw.slice(0, until).entries()) {
        const item = toItem(itemContext, one, first + place);
        items.push(isReversal(item) ? await reversalItem(context, item, items) : item);
      }
      const decisions = await decideOnStored(context, items);
      for (const [place, item] of items.entries()) {
        const decision = decisions[place];
        if (decision === undefined) throw new Error(`no decision for item ${place}`);
        if (place >= from) tell(decision, item, counts, results);
      }
      end.throwIfEnded();
    },
    finish: () => Promise.resolve(bulkReceipt(submissionId, counts, undefined)),
    leave: () => Promise.resolve(),
  };
}

function tell(
  decision: ItemDecision,
  item: BatchItem,
  counts: StreamCounts,
  results: UploadOrigin['results'],
): void {
  switch (decision.kind) {
    case 'accepted':
      counts.accepted += 1;
      results?.accepted(item, { ...decision, storedAtMicros: NOT_STORED });
      return;
    case 'replayed':
      counts.replayed += 1;
      results?.accepted(item, decision);
      return;
    case 'rejected':
      countRejected(counts, item, decision.rejection);
      results?.refused(item, decision.rejection);
      return;
    default:
      unknownDecision(decision);
  }
}

function unknownDecision(decision: never): never {
  throw new Error(`unknown decision ${JSON.stringify(decision)}`);
}
