/**
 * The transaction of the slow path. Under the head's row lock this process is alone in the
 * partition's log: it catches up, looks whether an unanswered try of the batch stands there, checks
 * the claims, decides the whole batch again on what stands there now, writes, and sends COMMIT only
 * after the last answer.
 */
import type { PoolClient } from 'pg';
import { pausePoint } from '#platform/pause-points.ts';
import { commit, CommitUnanswered } from '#platform/postgres.ts';
import { loadStates } from './account-states.ts';
import { keepAppended } from './lane-states.ts';
import { answerFromRow } from './answer-from-row.ts';
import { claimsOf, planAppend, storesNothing } from './append-plan.ts';
import {
  appendAnswered,
  appendSent,
  identityOf,
  isExpired,
  type Batch,
  type BatchContext,
  type BatchResult,
} from './batch.ts';
import type { BatchItem } from './batch-item.ts';
import { decideBatch } from './decide-batch.ts';
import { keepOperations } from './repeated-operations.ts';
import { appendBatch } from './sql/append-batch.ts';
import { findBatchRow } from './sql/find-batch-row.ts';
import { lockClaims } from './sql/lock-claims.ts';
import { takePosition } from './sql/take-position.ts';
import { backendOf } from '#platform/stopped-owner.ts';

/** Throws with nothing stored, or CommitUnanswered: then the batch knows from where to look. */
export async function underTheHead(
  context: BatchContext,
  batch: Batch,
  client: PoolClient,
): Promise<{ result: BatchResult; committed: boolean }> {
  const { lane, trace } = batch;
  const position = await takePosition(client, lane.partition);
  const pause = pausePoint('append.head-held');
  if (pause !== undefined) await pause;
  if (batch.unanswered !== undefined) {
    const row = await findBatchRow(client, lane.partition, batch.unanswered.since, batch.batchId);
    if (row !== undefined) {
      context.counts.answersFound += 1;
      return { result: await answerFromRow(client, batch, row), committed: false };
    }
  }
  const standing = await standingItems(client, batch);
  const { places, takenOver, expired } = standing;
  const options = { limits: context.states, readHead: true, headTaken: true };
  const base = await trace.step('load', () => loadStates(client, lane, batch, options));
  const all = standing.items;
  const decided = await trace.step('decide', () => decideBatch(base, all, batch.nowMicros, places));
  const { decisions } = decided;
  const items = all.slice(0, decisions.length);
  const left = { takenOver, expired, again: all.slice(decisions.length) };
  // The row is what makes an unanswered attempt impossible, so then even a batch with nothing to
  // store writes it.
  if (storesNothing(items, decided) && batch.unanswered === undefined) {
    keepOperations(lane, items, decisions);
    return { result: { ...left, items, decisions, position: undefined }, committed: false };
  }
  const request = planAppend(identityOf(batch), items, decided);
  await appendBatch(client, request, position, context.append.answerTimeoutMs);
  await commitOnce(context, batch, client, position);
  context.counts.slowAppends += 1;
  const { batchId, opening } = batch;
  keepAppended(lane, decided.newStates, { position, batchId }, opening);
  keepOperations(lane, items, decisions);
  return { result: { ...left, items, decisions, position }, committed: true };
}

export type StandingItems = {
  readonly items: readonly BatchItem[];
  /** Where each of `items` stands in the batch. */
  readonly places: readonly number[];
  readonly takenOver: readonly BatchItem[];
  readonly expired: readonly BatchItem[];
};

/**
 * What leaves the batch: items whose claim is gone (a newer stream owns their index, or the
 * submission is closed), and commands whose deadline has passed, unless an earlier try of theirs
 * may stand already.
 */
export async function standingItems(client: PoolClient, batch: Batch): Promise<StandingItems> {
  const claims = claimsOf(batch.items);
  const present = claims.size === 0 ? new Set() : await lockClaims(client, [...claims.values()]);
  const nowMs = performance.now();
  const items: BatchItem[] = [];
  const places: number[] = [];
  const takenOver: BatchItem[] = [];
  const expired: BatchItem[] = [];
  for (const [place, item] of batch.items.entries()) {
    if (item.origin.kind === 'submission' && !present.has(item.origin.claim.claimId)) {
      takenOver.push(item);
    } else if (batch.unanswered === undefined && isExpired(item, nowMs)) {
      expired.push(item);
    } else {
      items.push(item);
      places.push(place);
    }
  }
  return { items, places, takenOver, expired };
}

/**
 * COMMIT without an answer: the next attempt looks for the batch's row from the position before
 * this one on.
 */
export async function commitOnce(
  context: BatchContext,
  batch: Batch,
  client: PoolClient,
  position: bigint,
): Promise<void> {
  const pause = pausePoint('append.before-commit');
  if (pause !== undefined) await pause;
  const backend = await backendOf(client);
  try {
    await commit(client);
    appendAnswered(batch);
    const committed = pausePoint('append.committed');
    if (committed !== undefined) await committed;
  } catch (error) {
    if (error instanceof CommitUnanswered) {
      context.counts.answersLost += 1;
      appendSent(batch, position - 1n, backend);
    }
    throw error;
  }
}
