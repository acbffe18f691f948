/**
 * A batcher whose batches a test ends by hand: what runs, what is done, and that no lane ever has
 * two owners.
 */
import { barrierOf, type Barrier } from '../../command-svc/barrier.ts';
import type { BatchItem, ItemOutcome } from '../../command-svc/batch-item.ts';
import type { BatcherLimits } from '../../command-svc/batch-start.ts';
import { createBatcher, type Batcher } from '../../command-svc/batcher.ts';
import { bulkItem, directItem, unaryItem } from '#test/support/batch-items.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';

export const LANES = 4;
export const LIMITS: BatcherLimits = {
  ...WIDE_LIMITS,
  /** Every item is a full batch: nothing here waits for time. */
  batchItemsMax: 1,
  batchBytesMax: 1000,
  batchTimeoutMs: 1,
  processors: 2,
  queueItemsMax: 1000,
};

type Run = {
  isBarrier: boolean;
  partitions: readonly number[];
  items: readonly BatchItem[];
  end: (deferred?: readonly BatchItem[]) => void;
};

const ITEMS = { unary: unaryItem, direct: directItem, submission: bulkItem };
type ItemKind = keyof typeof ITEMS;

export type BarrierBench = {
  batcher: Batcher;
  /** Batches in flight. */
  running: Run[];
  /** In the order in which their batches have ended. */
  done: BatchItem[];
  settled: ItemOutcome[];
  item: (partition: number, kind?: ItemKind, itemIndex?: number) => BatchItem;
  /** Of two lanes. */
  pair: (from: number, to: number, kind?: ItemKind, itemIndex?: number) => BatchItem;
  barrier: (partitions: number[], kind?: Barrier['kind'], itemIndex?: number) => boolean;
  lanes: () => string[];
  turn: () => Promise<void>;
};

/** `limits`: by default every item is a full batch. */
export function openBarrierBench(limits: BatcherLimits = LIMITS): BarrierBench {
  const running: Run[] = [];
  const done: BatchItem[] = [];
  const settled: ItemOutcome[] = [];
  const run = (partitions: readonly number[], items: readonly BatchItem[], isBarrier = false) => {
    const owned = running.flatMap((one) => one.partitions);
    for (const partition of partitions) {
      if (owned.includes(partition)) throw new Error(`lane ${partition} has two owners`);
    }
    return new Promise<readonly BatchItem[]>((resolve) => {
      const one: Run = {
        isBarrier,
        partitions,
        items,
        end: (deferred = []) => {
          running.splice(running.indexOf(one), 1);
          done.push(...items.filter((item) => !deferred.includes(item)));
          resolve(deferred);
        },
      };
      running.push(one);
    });
  };
  const batcher = createBatcher(
    LANES,
    limits,
    (partition, items) => run([partition], items),
    async (barrier) => void (await run(barrier.partitions, barrier.items, true)),
  );
  const item: BarrierBench['item'] = (partition, kind = 'submission', itemIndex = 0) => {
    const settle = (outcome: ItemOutcome): void => void settled.push(outcome);
    return { ...ITEMS[kind](partition, 10, settle), itemIndex };
  };
  return {
    batcher,
    running,
    done,
    settled,
    item,
    pair: (from, to, kind, itemIndex) => ({
      ...item(from, kind, itemIndex),
      otherPartition: to,
    }),
    barrier: (partitions, kind = 'bulk', itemIndex = 0) => {
      const of = kind === 'bulk' ? 'submission' : kind;
      const items = partitions.map((partition) => item(partition, of, itemIndex));
      const options = { kind, allOrNone: true, isAbandoned: () => false };
      return batcher.tryEnqueueBarrier(barrierOf(items, options));
    },
    lanes: () => running.map(({ partitions }) => partitions.join('+')),
    turn: async () => {
      for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** -1 for a unary command. */
export function indexOf({ origin, itemIndex }: BatchItem): number {
  return origin.kind === 'submission' ? itemIndex : -1;
}
