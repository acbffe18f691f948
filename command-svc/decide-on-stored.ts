/**
 * A decision on what is stored now, for callers that only ask: all is read in one snapshot, and
 * nothing is written, locked or kept. Items see the effects of those before them.
 */
import type { BatchItem, ItemDecision } from './batch-item.ts';
import { decideBatch } from './decide-batch.ts';
import { createLaneStates, type StatesLimits } from './lane-states.ts';
import { loadStates } from './account-states.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';
import { wantedOf } from './wanted.ts';

export type TrialContext = SubmissionContext & { readonly states: StatesLimits };

export async function decideOnStored(
  context: TrialContext,
  items: readonly BatchItem[],
): Promise<readonly ItemDecision[]> {
  const wanted = wantedOf(items);
  const limits = { ...context.states, accountsMax: Math.max(1, wanted.accountIds.size) };
  const nowMicros = BigInt(Date.now()) * 1000n;
  const base = await readFromEventStore(context, (pool) => {
    // A lane of its own that has seen nothing: whatever the accounts' partitions, it keeps nothing.
    const lane = createLaneStates(0, limits);
    return loadStates(pool, lane, wanted, { limits, readHead: true, headTaken: false });
  });
  return decideBatch(base, items, nowMicros).decisions;
}
