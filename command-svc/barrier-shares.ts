/**
 * What each partition gets of a batch that stands in several: its items, the events of its
 * accounts, its row, which names every account of the partition that the batch looked at. An item
 * counts in the partition that it names (of its first account); an event stands in its account's
 * partition. Pure.
 */
import { partitionOfAccount } from '#platform/partitioning.ts';
import type { BaseStates } from './base-states.ts';
import type { KnownAccount, LaneStates } from './lane-states.ts';
import { planAppend } from './append-plan.ts';
import { identityOf, type Batch, type BatchContext } from './batch.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';
import type { DecidedBatch } from './decide-batch.ts';
import type { AppendRequest } from './sql/append-batch.ts';

export type Share = {
  readonly lane: LaneStates;
  readonly position: bigint;
  readonly request: AppendRequest;
  readonly newStates: ReadonlyMap<string, KnownAccount>;
};

type Whole = {
  /** One decision for each. */
  readonly items: readonly BatchItem[];
  readonly decided: DecidedBatch;
  readonly baseOf: (lane: LaneStates) => BaseStates;
  readonly positions: ReadonlyMap<number, bigint>;
};

/** One for each lane of the batch, in their order. */
export function planShares(context: BatchContext, batch: Batch, whole: Whole): Share[] {
  const { positions } = whole;
  const split = splitByPartition(context, whole);
  const taken = [...positions]
    .map(([partition, seq]) => ({ partition, seq }))
    .sort((a, b) => a.partition - b.partition);
  return [batch.lane, ...batch.others].map((lane) => {
    const { partition } = lane;
    const position = positions.get(partition);
    if (position === undefined) throw new Error(`no position was taken in ${partition}`);
    const { items, ...decided } = split.of(partition);
    const others = taken.filter((one) => one.partition !== partition);
    const identity = { ...identityOf(batch), partition, others };
    const base = whole.baseOf(lane);
    const request = planAppend(identity, items, { ...whole.decided, ...decided, base });
    return { lane, position, request, newStates: decided.newStates };
  });
}

type Part = {
  readonly items: BatchItem[];
  readonly decisions: ItemDecision[];
  readonly events: DecidedBatch['events'];
  readonly holds: DecidedBatch['holds'];
  readonly reversals: DecidedBatch['reversals'];
  readonly accountKeys: DecidedBatch['accountKeys'];
  readonly newStates: ReadonlyMap<string, KnownAccount>;
};

function splitByPartition(
  { partitionCount }: BatchContext,
  { items, decided }: Whole,
): { of(partition: number): Part } {
  const known = new Map<string, number>();
  const partitionOf = (accountId: string): number => {
    const partition = known.get(accountId) ?? partitionOfAccount(accountId, partitionCount);
    known.set(accountId, partition);
    return partition;
  };
  const ofAccount = (one: { readonly accountId: string }): number => partitionOf(one.accountId);
  const places = Map.groupBy(items.keys(), (place) => items[place]?.partition ?? 0);
  const events = Map.groupBy(decided.events, ofAccount);
  const holds = Map.groupBy(decided.holds, ofAccount);
  const reversals = Map.groupBy(decided.reversals, ofAccount);
  const accountKeys = Map.groupBy(decided.accountKeys, ofAccount);
  const newStates = Map.groupBy(decided.newStates, ([accountId]) => partitionOf(accountId));
  return {
    of(partition) {
      const here = places.get(partition) ?? [];
      return {
        items: here.flatMap((place) => items[place] ?? []),
        decisions: here.flatMap((place) => decided.decisions[place] ?? []),
        events: events.get(partition) ?? [],
        holds: holds.get(partition) ?? [],
        reversals: reversals.get(partition) ?? [],
        accountKeys: accountKeys.get(partition) ?? [],
        newStates: new Map(newStates.get(partition)),
      };
    },
  };
}
