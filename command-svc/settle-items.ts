/**
 * Tells items what became of them, each exactly once: a caller's callback that throws keeps no
 * other item from its outcome.
 */
import type { Logger } from '#platform/logger.ts';
import type { BatchItem, ItemOutcome } from './batch-item.ts';

/** `outcomeOf`: by the item's place. Logs once, however many callbacks throw. */
export function settleItems(
  log: Logger,
  items: readonly BatchItem[],
  outcomeOf: (place: number, item: BatchItem) => ItemOutcome,
): void {
  let thrown = 0;
  let first: unknown;
  for (const [place, item] of items.entries()) {
    try {
      item.origin.settle(outcomeOf(place, item), item);
    } catch (error) {
      if (thrown === 0) first = error;
      thrown += 1;
    }
  }
  if (thrown === 0) return;
  log.error("A caller could not take its items' outcomes.", { items: thrown, err: first });
}
