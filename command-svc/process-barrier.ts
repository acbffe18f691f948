/**
 * The batch of a barrier: its lanes are its own until it ends. Always under the heads' locks, all
 * of them, in ascending order: lock > load > decide > append a row in each partition > reply.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { RpcError } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { tracedLog } from '#platform/log-trace.ts';
import type { LaneStates } from './lane-states.ts';
import { untilItStands } from './append-under-heads.ts';
import type { Barrier, BarrierResult, NothingStored } from './barrier.ts';
import { underTheHeads } from './barrier-transaction.ts';
import { newBatch, type Batch, type BatchContext } from './batch.ts';
import type { BatchItem } from './batch-item.ts';
import { noteEnd, noteUnstored } from './batch-metrics.ts';
import { startBatchTrace } from './batch-trace.ts';
import { refusalWithIndex } from './command-answers.ts';
import { lockLanes } from './lock-deferral.ts';
import { tellModeChanges } from './mode-changes.ts';
import { attributesOf, dropExpired, failItems, reply } from './process-batch.ts';
import { settleItems } from './settle-items.ts';

/** `lanes`: of the barrier's partitions, ascending. */
export async function processBarrier(
  context: BatchContext,
  lanes: readonly LaneStates[],
  given: Barrier,
  queuedSinceMs: number,
): Promise<void> {
  const [lane, ...others] = lanes;
  if (lane === undefined) throw new RangeError('a barrier needs a lane');
  if (given.isAbandoned()) {
    return settleNothing(context.log, given.items, { kind: 'abandoned' });
  }
  const items = dropExpired(context.log, given.items);
  if (items.length === 0) return;
  const barrier = { ...given, items };
  const startedMs = performance.now();
  const trace = startBatchTrace(lane.partition, items, queuedSinceMs);
  const log = tracedLog(context.log, trace.traceparent);
  tellModeChanges(context, trace);
  const nowMicros = BigInt(Date.now()) * 1000n;
  const batch = newBatch(randomUUID(), lane, items, nowMicros, trace, others);
  const attributes = { ...attributesOf(context, batch), 'bank.partitions': lanes.length };
  let result: BarrierResult;
  try {
    result = await store(context, batch, barrier);
  } catch (error) {
    log.error('A batch of several partitions was not stored.', {
      batchId: batch.batchId,
      partitions: barrier.partitions,
      items: items.length,
      err: error,
    });
    noteEnd('failed', startedMs, trace.traceparent);
    trace.end(attributes, { error });
    return failItems(log, items, batch.unanswered !== undefined, error);
  }
  noteEnd('barrier', startedMs, trace.traceparent);
  trace.end({ ...attributes, 'bank.outcome': result.kind });
  if (result.kind !== 'stored') return settleNothing(log, items, result);
  reply(log, result.batch);
  const { again } = result.batch;
  if (again.length > 0)
    await processBarrier(context, lanes, { ...barrier, items: again }, performance.now());
}

/**
 * The heads alone make it right. The locks keep another replica from having events of the same
 * accounts on their way: it would wait for the heads, and the heads for it, until PostgreSQL breaks
 * the tie.
 */
async function store(
  context: BatchContext,
  batch: Batch,
  barrier: Barrier,
): Promise<BarrierResult> {
  const lock = await batch.trace.step('lock', () => lockLanes(context, batch));
  try {
    return await untilItStands(context, batch, (_context, _batch, client) =>
      underTheHeads(context, batch, barrier, client),
    );
  } finally {
    lock?.release();
  }
}

const OUTCOMES = { 'taken-over': 'taken_over', refused: 'rejected', abandoned: 'expired' } as const;

function settleNothing(log: Logger, items: readonly BatchItem[], why: NothingStored): void {
  noteUnstored(items, OUTCOMES[why.kind]);
  if (why.kind === 'taken-over') {
    settleItems(log, items, () => ({ kind: 'taken-over' }));
    return;
  }
  const error =
    why.kind === 'refused' ? refusalWithIndex(why.rejection, why.item.itemIndex) : givenUp();
  settleItems(log, items, () => ({ kind: 'failed', error }));
}

function givenUp(): RpcError {
  const message = 'the caller gave up before the batch was stored: nothing was done';
  return new RpcError(status.DEADLINE_EXCEEDED, message);
}
