/**
 * A stream's items in flight: from the batcher's queue to their outcome. Counts outcomes, keeps the
 * items whose claim was gone (no more than were in flight), and tells when all have landed. One
 * settle function a stream.
 */
import type { BatchItem, ItemOutcome, Settle } from './batch-item.ts';
import type { ResultSink } from './item-results.ts';
import { countRejected, newStreamCounts, type StreamCounts } from './stream-receipt.ts';

export type StreamFlight = {
  readonly counts: StreamCounts;
  /** Items that a newer stream's claim has shut out: nothing was stored for them by this one. */
  stragglers: BatchItem[];
  readonly settle: Settle;
  /** Must be called before an item is enqueued: an outcome may come at once. */
  launch(): void;
  /** Takes a launch back: the item was not enqueued after all. */
  recall(): void;
  /** Resolves when nothing is in flight. */
  landed(): Promise<void>;
};

export function createFlight(
  onFailed: (error: Error) => void,
  onStraggler: () => void,
  results?: ResultSink,
): StreamFlight {
  const counts = newStreamCounts();
  let inFlight = 0;
  let waiters: (() => void)[] = [];

  const land = (): void => {
    inFlight -= 1;
    if (inFlight > 0) return;
    const released = waiters;
    waiters = [];
    for (const release of released) release();
  };
  const flight: StreamFlight = {
    counts,
    stragglers: [],
    settle: (outcome, item) => {
      try {
        countOutcome(flight, outcome, item);
        if (results !== undefined) tellResult(results, outcome, item);
        if (outcome.kind === 'failed') onFailed(outcome.error);
        if (outcome.kind === 'taken-over') onStraggler();
      } catch (cause) {
        // Its receipt would miss the item: the stream fails, and is not waited for for ever.
        onFailed(new Error('an outcome could not be taken', { cause }));
        throw cause;
      } finally {
        land();
      }
    },
    launch: () => {
      inFlight += 1;
    },
    recall: land,
    landed: () =>
      inFlight === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
  };
  return flight;
}

function countOutcome(flight: StreamFlight, outcome: ItemOutcome, item: BatchItem): void {
  const { counts } = flight;
  switch (outcome.kind) {
    case 'accepted':
      counts.accepted += 1;
      return;
    case 'replayed':
      counts.replayed += 1;
      return;
    case 'rejected':
      countRejected(counts, item, outcome.rejection);
      return;
    case 'taken-over':
      flight.stragglers.push(item);
      return;
    case 'failed':
      return; // the whole stream fails
    default:
      unknownOutcome(outcome);
  }
}

/** An item that is taken over or failed has no result: it is looked into, or the stream fails. */
function tellResult(results: ResultSink, outcome: ItemOutcome, item: BatchItem): void {
  if (outcome.kind === 'rejected') results.refused(item, outcome.rejection);
  else if (outcome.kind === 'accepted' || outcome.kind === 'replayed') {
    results.accepted(item, outcome);
  }
}

function unknownOutcome(outcome: never): never {
  throw new Error(`unknown outcome ${JSON.stringify(outcome)}`);
}
