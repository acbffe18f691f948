/**
 * A batch may hold the same item twice: from a stream, and from the newer one on this replica that
 * has taken it over. Only one of their claims can stand, and which one is known under its lock:
 * such a batch is not planned before. Items of parts that travel side by side share no index and
 * are no rivals.
 */
import type { BatchItem, SubmissionClaim } from './batch-item.ts';

/**
 * True when two claims of one submission have an item for the same index. Costs little for one
 * stream.
 */
export function hasRivalItems(items: readonly BatchItem[]): boolean {
  let first: SubmissionClaim | undefined;
  let several = false;
  let last: unknown;
  for (const { origin } of items) {
    if (origin === last || origin.kind !== 'submission') continue;
    last = origin; // a stream's items share theirs
    first ??= origin.claim;
    if (origin.claim.claimId !== first.claimId) several = true;
  }
  return several && hasRepeatedIndex(items);
}

function hasRepeatedIndex(items: readonly BatchItem[]): boolean {
  const seen = new Set<string>();
  for (const { origin, itemIndex } of items) {
    if (origin.kind !== 'submission') continue;
    const { tenant, submissionId } = origin.claim;
    const key = `${itemIndex}\0${tenant}\0${submissionId}`;
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}
