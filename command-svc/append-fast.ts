/**
 * Step 4 on the fast path: the accounts are locked, but for those that the batch opens in bulk. One
 * message, one implicit transaction, in which heads are locked last. Answers "slow" when the append
 * did not stand (another replica was faster, a claim is gone) or when nobody knows whether it did:
 * then the batch goes on under the heads' locks.
 */
import { pausePoint } from '#platform/pause-points.ts';
import {
  constraintOf,
  isConnectionLost,
  isRolledBack,
  SQL_STATE,
  sqlStateOf,
} from '#platform/postgres.ts';
import type { AppendRequest } from './sql/append-batch.ts';
import { APPEND_STATE } from './sql/append-batch.ts';
import { loadStates, UnsettledHeadError, type LoadOptions } from './account-states.ts';
import { dropStates, keepAppended, type LaneStates } from './lane-states.ts';
import {
  keepOperations,
  mayRepeat,
  noteNoneRepeated,
  noteRepeated,
  refusesOperation,
} from './repeated-operations.ts';
import { isUnexpected } from './append-together.ts';
import { planAppend, storesNothing } from './append-plan.ts';
import { assumedAbsent, noteCollision, noteLookedFor, provesAssumed } from './assumed-absent.ts';
import {
  identityOf,
  type Batch,
  type BatchContext,
  type BatchCounts,
  type BatchResult,
} from './batch.ts';
import { decideBatch, type DecidedBatch } from './decide-batch.ts';
import { hasRivalItems } from './rival-claims.ts';

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
  const { batchId, opening } = batch;
  keepAppended(batch.lane, decided.newStates, { position, batchId }, opening);
  if (batch.operations.length > 0) keepOperations(batch.lane, batch.items, decided.decisions);
  return resultOf(batch, decided, position);
}

function resultOf(batch: Batch, decided: DecidedBatch, position: bigint | undefined): BatchResult {
  const { decisions } = decided;
  const items = batch.items.slice(0, decisions.length);
  const again = batch.items.slice(decisions.length);
  return { items, decisions, position, takenOver: [], expired: [], again };
}

/**
 * A batch that would store nothing is decided again on a head that was read after its items came,
 * and so is one that refuses a command whose operation was not looked up, or assumes what its
 * append would not prove.
 */
async function decideOnCached(
  context: BatchContext,
  batch: Batch,
): Promise<DecidedBatch | typeof SLOW> {
  const { eventStore, states: limits, holders } = context;
  const { lane, items, trace } = batch;
  const decideOn = async (
    operations: Batch['operations'],
    how: Partial<LoadOptions>,
  ): Promise<DecidedBatch> => {
    const options = { limits, holders, readHead: false, headTaken: false, ...how };
    const base = await trace.step('load', () =>
      loadStates(eventStore, lane, { ...batch, operations }, options),
    );
    const keys = await context.ownerKeys?.forItems(items, base.accounts);
    return trace.step('decide', () => decideBatch(base, items, batch.nowMicros, undefined, keys));
  };
  const assumed = assumedAbsent(batch);
  const looksUp = mayRepeat(batch);
  try {
    const decided = await decideOn(looksUp ? batch.operations : [], { assumedAbsent: assumed });
    if (assumed.size === 0) noteLookedFor(batch, decided.base);
    if (looksUp) noteNoneRepeated(lane, decided.base);
    const isSure = looksUp || !refusesOperation(items, decided);
    const stands = isSure && provesAssumed(decided, assumed);
    if (stands && !storesNothing(items, decided)) return decided;
    return await decideOn(batch.operations, { readHead: true });
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
  try {
    return await context.sendAppend(batch, request);
  } catch (error) {
    if (isRolledBack(error)) {
      countRefusal(context, error);
      if (sqlStateOf(error) === SQL_STATE.uniqueViolation) noteViolation(batch.lane, error);
      return SLOW;
    }
    dropStates(batch.lane);
    if (isUnexpected(error)) context.counts.unexpected += 1;
    if (batch.unanswered !== undefined) context.counts.answersLost += 1;
    return SLOW;
  }
}

function noteViolation(lane: LaneStates, error: unknown): void {
  if (constraintOf(error) === OPERATIONS_INDEX) noteRepeated(lane);
  else noteCollision(lane);
}

const OPERATIONS_INDEX = 'events_operation';

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
