/**
 * Items that are stored together though they stand in several partitions: an atomic batch, or a run
 * of commands of which each may need two. Enqueued in one tick into every lane that they need. When
 * they head all of these lanes and the lanes are idle, one batch takes them all.
 */
import type { Rejection } from '#domain/rejection.ts';
import type { BatchResult } from './batch.ts';
import type { BatchItem, QueueKind } from './batch-item.ts';

export type Barrier = {
  /** Every partition that an item or an account of an item stands in: ascending, each once. */
  readonly partitions: readonly number[];
  readonly items: readonly BatchItem[];
  /**
   * Direct, bulk: behind the items of that kind that its lanes hold already, as the order of items
   * demands.
   */
  readonly kind: QueueKind;
  /** True: the first refusal refuses all, and nothing is stored. */
  readonly allOrNone: boolean;
  /** True once its caller has given up: then nothing of it is stored any more. */
  readonly isAbandoned: () => boolean;
};

/** Nothing was stored of a barrier whose items stand or fall together. */
export type NothingStored =
  | { readonly kind: 'refused'; readonly item: BatchItem; readonly rejection: Rejection }
  | { readonly kind: 'taken-over' }
  | { readonly kind: 'abandoned' };

export type BarrierResult =
  { readonly kind: 'stored'; readonly batch: BatchResult } | NothingStored;

export type ProcessBarrier = (barrier: Barrier, queuedSinceMs: number) => Promise<void>;

export type BarrierOptions = Omit<Barrier, 'partitions' | 'items'>;

export function barrierOf(items: readonly BatchItem[], options: BarrierOptions): Barrier {
  const partitions = new Set<number>();
  for (const item of items) for (const partition of partitionsOf(item)) partitions.add(partition);
  return { ...options, items, partitions: [...partitions].sort((a, b) => a - b) };
}

/** Items that only travel together: each is stored or refused for itself. */
export function runOf(items: readonly BatchItem[], kind: Barrier['kind']): Barrier {
  return barrierOf(items, { kind, allOrNone: false, isAbandoned: () => false });
}

/** Its own first. */
export function partitionsOf({ partition, otherPartition }: BatchItem): readonly number[] {
  return otherPartition === undefined ? [partition] : [partition, otherPartition];
}
