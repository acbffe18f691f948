/**
 * The transaction of a barrier's batch. Under the heads' locks this process is alone in all of its
 * partitions' logs: it looks whether an unanswered try stands there (in the lowest partition, which
 * decides for all), checks the claims, catches up each lane, decides the whole batch on untouched
 * base states, writes a row in each partition, which names the others, and sends COMMIT only after
 * the last answer.
 */
import type { PoolClient } from 'pg';
import { reject } from '#domain/rejection.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { type BaseStates } from './base-states.ts';
import { loadStates } from './account-states.ts';
import { keepAppended, type LaneStates } from './lane-states.ts';
import { answerFromRow } from './answer-from-row.ts';
import type { Barrier, BarrierResult, NothingStored } from './barrier.ts';
import { storesNothing } from './append-plan.ts';
import { planShares } from './barrier-shares.ts';
import type { Batch, BatchContext, BatchResult } from './batch.ts';
import { decideBatch, type DecidedBatch } from './decide-batch.ts';
import { commitOnce, standingItems, type StandingItems } from './head-transaction.ts';
import { appendAtPositions } from './sql/append-batch.ts';
import { findBatchRow } from './sql/find-batch-row.ts';
import { takePositions } from './sql/take-positions.ts';
import { NOTHING_WANTED, wantedByPartition } from './wanted.ts';

type Outcome = { result: BarrierResult; committed: boolean };

/** Throws with nothing stored, or CommitUnanswered: then the batch knows from where to look. */
export async function underTheHeads(
  context: BatchContext,
  batch: Batch,
  barrier: Barrier,
  client: PoolClient,
): Promise<Outcome> {
  const lanes = [batch.lane, ...batch.others];
  const positions = await takePositions(client, barrier.partitions);
  const pause = pausePoint('append.head-held');
  if (pause !== undefined) await pause;
  if (batch.unanswered !== undefined) {
    const { partition } = batch.lane;
    const row = await findBatchRow(client, partition, batch.unanswered.since, batch.batchId);
    if (row !== undefined) {
      context.counts.answersFound += 1;
      const found = await answerFromRow(client, batch, row);
      return stored(found, false);
    }
  }
  // The old try held these locks itself until it ended: it is not there, so it never will be.
  if (barrier.isAbandoned()) return nothing({ kind: 'abandoned' });
  const standing = await standingItems(client, batch);
  if (barrier.allOrNone && standing.takenOver.length > 0) return nothing({ kind: 'taken-over' });

  const base = await batch.trace.step('load', () => loadAll(context, client, batch, lanes));
  const decided = await batch.trace.step('decide', () =>
    decideBatch(base.merged, standing.items, batch.nowMicros, standing.places),
  );
  const refused = barrier.allOrNone ? refusalOfAll(standing, decided) : undefined;
  if (refused !== undefined) return nothing(refused);

  const { decisions } = decided;
  const items = standing.items.slice(0, decisions.length);
  const again = standing.items.slice(decisions.length);
  const { takenOver, expired } = standing;
  const result = { items, decisions, takenOver, expired, again };
  // The row is what makes an unanswered attempt impossible, so then even a batch with nothing to
  // store writes it.
  if (storesNothing(items, decided) && batch.unanswered === undefined) {
    return stored({ ...result, position: undefined }, false);
  }
  const shares = planShares(context, batch, { items, decided, baseOf: base.of, positions });
  await appendAtPositions(
    client,
    shares.map(({ request }) => request),
    shares.map(({ position }) => position),
    context.append.answerTimeoutMs,
  );
  const lowest = positions.get(batch.lane.partition) ?? 0n;
  await commitOnce(context, batch, client, lowest);
  context.counts.slowAppends += 1;
  const { batchId } = batch;
  for (const { lane, newStates, position } of shares) {
    keepAppended(lane, newStates, { position, batchId });
  }
  return stored({ ...result, position: lowest }, true);
}

function stored(batch: BatchResult, committed: boolean): Outcome {
  return { result: { kind: 'stored', batch }, committed };
}

function nothing(result: NothingStored): Outcome {
  return { result, committed: false };
}

/** What does not fit, or is refused, refuses all. */
function refusalOfAll(
  { items }: StandingItems,
  { decisions }: DecidedBatch,
): NothingStored | undefined {
  const left = items[decisions.length];
  if (left !== undefined) {
    const message =
      'the batch would store more than one transaction takes, ends of passed holds included: ' +
      'send it in parts';
    return { kind: 'refused', item: left, rejection: reject('QUOTA_EXCEEDED', message) };
  }
  for (const [place, decision] of decisions.entries()) {
    const item = items[place];
    if (decision.kind === 'rejected' && item !== undefined) {
      return { kind: 'refused', item, rejection: decision.rejection };
    }
  }
  return undefined;
}

type LoadedBase = {
  /** All that the decision stands on, whichever lane it is of. */
  readonly merged: BaseStates;
  of(lane: LaneStates): BaseStates;
};

async function loadAll(
  context: BatchContext,
  client: PoolClient,
  batch: Batch,
  lanes: readonly LaneStates[],
): Promise<LoadedBase> {
  const { states: limits, partitionCount } = context;
  const options = { limits, readHead: true, headTaken: true };
  const bases = new Map<LaneStates, BaseStates>();
  const parts = wantedByPartition(batch, partitionCount);
  for (const lane of lanes) {
    const wanted = parts.get(lane.partition) ?? NOTHING_WANTED;
    bases.set(lane, await loadStates(client, lane, wanted, options));
  }
  const all = [...bases.values()];
  const merged = {
    known: bases.get(batch.lane)?.known ?? 0n,
    knownBatchId: bases.get(batch.lane)?.knownBatchId,
    accounts: new Map(all.flatMap(({ accounts }) => [...accounts])),
    operations: new Map(all.flatMap(({ operations }) => [...operations])),
    endedHolds: new Map(all.flatMap(({ endedHolds }) => [...endedHolds])),
    reversed: new Set(all.flatMap(({ reversed }) => [...reversed])),
  };
  return {
    merged,
    of(lane) {
      const base = bases.get(lane);
      if (base === undefined) throw new Error(`partition ${lane.partition} was not loaded`);
      return base;
    },
  };
}
