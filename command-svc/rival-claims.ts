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
  for (const { source } of items) {
    if (source.kind !== 'submission') continue;
    first ??= source.claim;
    // Items of a stream share the claim itself, so this is almost always a comparison of
    // references.
    if (source.claim !== first && source.claim.claimId !== first.claimId) several = true;
  }
  return several && hasRepeatedIndex(items);
}

function hasRepeatedIndex(items: readonly BatchItem[]): boolean {
  const seen = new Set<string>();
  for (const { source } of items) {
    if (source.kind !== 'submission') continue;
    const { tenant, submissionId } = source.claim;
    const key = `${source.itemIndex}\0${tenant}\0${submissionId}`;
    if (seen.has(key)) return true;
    seen.add(key);
  }
  return false;
}
