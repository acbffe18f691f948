/**
 * The transaction of a barrier's batch. Under the heads' locks this process is alone in all of its
 * partitions' logs: it looks whether an unanswered try stands there (in the lowest partition, which
 * decides for all), checks the claims, catches up each lane, decides the whole batch on untouched
 * base states, writes a row in each partition, which names the others, and sends COMMIT only after
 * the last answer.
 */
import type { PoolClient } from 'pg';
import { reject } from '#domain/rejection.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { type BaseStates } from './base-states.ts';
import { loadStates } from './account-states.ts';
import { keepAppended, type LaneStates } from './lane-states.ts';
import { answerFromRow } from './answer-from-row.ts';
import type { Barrier, BarrierResult, NothingStored } from './barrier.ts';
import { planShare, type Share } from './barrier-shares.ts';
import type { Batch, BatchContext } from './batch.ts';
import { decideBatch, type DecidedBatch } from './decide-batch.ts';
import { commitOnce, standingItems, type StandingItems } from './head-transaction.ts';
import { appendBatch } from './sql/append-batch.ts';
import { findBatchRow } from './sql/find-batch-row.ts';
import { takePositions } from './sql/take-positions.ts';
import { wantedIn } from './wanted.ts';

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
      return { result: { kind: 'stored', batch: found }, committed: false };
    }
  }
  // The old try held these locks itself until it ended: it is not there, so it never will be.
  if (barrier.isAbandoned()) return nothing({ kind: 'abandoned' });
  const standing = await standingItems(client, batch);
  if (barrier.allOrNone && standing.takenOver.length > 0) return nothing({ kind: 'taken-over' });

  const base = await loadAll(context, client, batch, lanes);
  const decided = decideBatch(base.merged, standing.items, batch.nowMicros, standing.places);
  const refused =
    tooLong(standing, decided) ?? (barrier.allOrNone ? firstRefusal(standing, decided) : undefined);
  if (refused !== undefined) return nothing(refused);

  const shares = lanes.map((lane) =>
    planShare(context, batch, lane, { standing, decided, base: base.of(lane), positions }),
  );
  await write(context, client, shares);
  const lowest = positions.get(batch.lane.partition) ?? 0n;
  await commitOnce(context, batch, client, lowest);
  context.counts.slowAppends += 1;
  for (const { lane, newStates, position } of shares) keepAppended(lane, newStates, position);
  const { items, takenOver, expired } = standing;
  const left = { takenOver, expired, again: [] };
  const { decisions } = decided;
  const stored = { ...left, items, decisions, position: lowest };
  return { result: { kind: 'stored', batch: stored }, committed: true };
}

function nothing(result: NothingStored): Outcome {
  return { result, committed: false };
}

/** The items of a barrier are stored together, so what does not fit refuses them. */
function tooLong({ items }: StandingItems, { decisions }: DecidedBatch): NothingStored | undefined {
  const item = items[decisions.length];
  if (item === undefined) return undefined;
  const message = 'the batch would end more holds whose time has passed than it can: try again';
  return { kind: 'refused', item, rejection: reject('QUOTA_EXCEEDED', message) };
}

function firstRefusal({ items }: StandingItems, decided: DecidedBatch): NothingStored | undefined {
  for (const [place, decision] of decided.decisions.entries()) {
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
  const isOf = (lane: LaneStates, accountId: string): boolean =>
    partitionOfAccount(accountId, partitionCount) === lane.partition;
  for (const lane of lanes) {
    const wanted = wantedIn(batch, (accountId) => isOf(lane, accountId));
    bases.set(lane, await loadStates(client, lane, wanted, options));
  }
  const all = [...bases.values()];
  const merged = {
    known: bases.get(batch.lane)?.known ?? 0n,
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

async function write(
  context: BatchContext,
  client: PoolClient,
  shares: readonly Share[],
): Promise<void> {
  for (const { request, position } of shares) {
    await appendBatch(client, request, position, context.append.answerTimeoutMs);
  }
}
