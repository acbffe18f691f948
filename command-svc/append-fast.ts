/**
 * Step 4 on the fast path: all locks are held, one partition. One message, one implicit
 * transaction; the head is locked for its last moments only. Answers "slow" when the append did not
 * stand (another replica was faster, a claim is gone) or when nobody knows whether it did: then the
 * batch goes on under the heads' locks.
 */
import type { PoolClient } from 'pg';
import { pausePoint } from '#platform/pause-points.ts';
import { isConnectionLost, isRolledBack, SQL_STATE, sqlStateOf } from '#platform/postgres.ts';
import type { AppendRequest } from './sql/append-batch.ts';
import { APPEND_STATE, appendBatch } from './sql/append-batch.ts';
import { dropStates, keepAppended } from './account-states.ts';
import { loadStates, UnsettledHeadError } from './load-states.ts';
import { planAppend, storesNothing } from './append-plan.ts';
import {
  appendAnswered,
  appendSent,
  identityOf,
  type Batch,
  type BatchContext,
  type BatchCounts,
  type BatchResult,
} from './batch.ts';
import { decideBatch, type DecidedBatch } from './decide-batch.ts';
import { hasRivalItems } from './rival-claims.ts';
import { backendOf, watchingBlockers } from '#platform/stopped-owner.ts';

/** The batch goes on under the heads' locks. */
export const SLOW = 'slow';

export async function appendFast(
  context: BatchContext,
  batch: Batch,
): Promise<BatchResult | typeof SLOW> {
  // Under the head's lock the claims are looked at first, and the items of the one that is gone
  // leave.
  if (hasRivalItems(batch.items)) return SLOW;
  const decided = await decideOnCached(context, batch);
  if (decided === SLOW) return SLOW;
  if (storesNothing(batch.items, decided)) {
    return resultOf(batch, decided, undefined);
  }
  const request = planAppend(identityOf(batch), batch.items, decided);
  const position = await batch.trace.step('append', () => append(context, batch, request));
  if (position === SLOW) return SLOW;
  context.counts.fastAppends += 1;
  keepAppended(batch.lane, decided.newStates, position);
  return resultOf(batch, decided, position);
}

function resultOf(batch: Batch, decided: DecidedBatch, position: bigint | undefined): BatchResult {
  const { decisions } = decided;
  const items = batch.items.slice(0, decisions.length);
  const again = batch.items.slice(decisions.length);
  return { items, decisions, position, takenOver: [], expired: [], again };
}

/**
 * A batch that would store nothing is decided again on a head that was read after its items came.
 */
async function decideOnCached(
  context: BatchContext,
  batch: Batch,
): Promise<DecidedBatch | typeof SLOW> {
  const options = { limits: context.states, headTaken: false };
  const { eventStore } = context;
  const load = (readHead: boolean): ReturnType<typeof loadStates> =>
    batch.trace.step('load', () =>
      loadStates(eventStore, batch.lane, batch, {
        ...options,
        readHead,
      }),
    );
  const decideOn = (base: Awaited<ReturnType<typeof load>>): Promise<DecidedBatch> =>
    batch.trace.step('decide', () => decideBatch(base, batch.items, batch.nowMicros));
  try {
    const decided = await decideOn(await load(false));
    if (!storesNothing(batch.items, decided)) return decided;
    return await decideOn(await load(true));
  } catch (error) {
    if (error instanceof UnsettledHeadError) return SLOW;
    if (!isConnectionLost(error)) throw error;
    dropStates(batch.lane);
    return SLOW;
  }
}

async function append(
  context: BatchContext,
  batch: Batch,
  request: AppendRequest,
): Promise<bigint | typeof SLOW> {
  const pause = pausePoint('append.before-send');
  if (pause !== undefined) await pause;
  const { eventStore, watchPool, stoppedOwner, log } = context;
  let sent = false;
  let broken = false;
  let client: PoolClient | undefined;
  try {
    client = await eventStore.connect();
    const connection = client;
    const backend = await backendOf(connection);
    sent = true;
    appendSent(batch, request.known, backend);
    const position = await watchingBlockers(watchPool, backend, stoppedOwner, log, () =>
      appendBatch(connection, request, undefined, context.append.answerTimeoutMs),
    );
    appendAnswered(batch);
    return position;
  } catch (error) {
    broken = !isRolledBack(error);
    if (broken) {
      dropStates(batch.lane);
      if (sent) context.counts.answersLost += 1;
      return SLOW;
    }
    appendAnswered(batch);
    countRefusal(context, error);
    return SLOW;
  } finally {
    client?.release(broken);
  }
}

/** How the server refuses an append that another replica was faster than; all else is thrown. */
const REFUSALS = new Map<string, keyof BatchCounts>([
  [APPEND_STATE.headMoved, 'headMoved'],
  [APPEND_STATE.claimGone, 'claimGone'],
  [SQL_STATE.uniqueViolation, 'collisions'],
  [SQL_STATE.deadlock, 'conflicts'],
  [SQL_STATE.lockTimeout, 'conflicts'],
]);

function countRefusal({ counts }: BatchContext, error: unknown): void {
  const refusal = REFUSALS.get(sqlStateOf(error) ?? '');
  if (refusal === undefined) throw error;
  counts[refusal] += 1;
}
