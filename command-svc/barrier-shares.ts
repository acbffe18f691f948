/**
 * What one partition gets of a batch that stands in several: its items, the events of its accounts,
 * its row, which names every account of the partition that the batch looked at. An item counts in
 * the partition that it names (of its first account); an event stands in its account's partition.
 * Pure.
 */
import { partitionOfAccount } from '#platform/partitioning.ts';
import type { BaseStates } from './base-states.ts';
import type { KnownAccount, LaneStates } from './lane-states.ts';
import { planAppend } from './append-plan.ts';
import { identityOf, type Batch, type BatchContext } from './batch.ts';
import type { DecidedBatch } from './decide-batch.ts';
import type { StandingItems } from './head-transaction.ts';
import type { AppendRequest } from './sql/append-batch.ts';

export type Share = {
  readonly lane: LaneStates;
  readonly position: bigint;
  readonly request: AppendRequest;
  readonly newStates: ReadonlyMap<string, KnownAccount>;
};

type Whole = {
  readonly standing: StandingItems;
  readonly decided: DecidedBatch;
  readonly base: BaseStates;
  readonly positions: ReadonlyMap<number, bigint>;
};

export function planShare(
  { partitionCount }: BatchContext,
  batch: Batch,
  lane: LaneStates,
  { standing, decided, base, positions }: Whole,
): Share {
  const { partition } = lane;
  const position = positions.get(partition);
  if (position === undefined) throw new Error(`no position was taken in partition ${partition}`);
  const isHere = (id: string): boolean => partitionOfAccount(id, partitionCount) === partition;
  const items = standing.items.filter((item) => item.partition === partition);
  const share: DecidedBatch = {
    nowMicros: decided.nowMicros,
    events: decided.events.filter(({ accountId }) => isHere(accountId)),
    decisions: decided.decisions.filter((_, at) => standing.items[at]?.partition === partition),
    payloads: decided.payloads,
    holds: decided.holds.filter(({ accountId }) => isHere(accountId)),
    reversals: decided.reversals.filter(({ accountId }) => isHere(accountId)),
    newStates: new Map([...decided.newStates].filter(([id]) => isHere(id))),
    base,
  };
  const others = [...positions]
    .filter(([other]) => other !== partition)
    .map(([other, seq]) => ({ partition: other, seq }))
    .sort((a, b) => a.partition - b.partition);
  const request = planAppend({ ...identityOf(batch), partition, others }, items, share);
  return { lane, position, request, newStates: share.newStates };
}
