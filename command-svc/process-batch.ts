/**
 * The one parent of a batch: lock > load > decide > append > reply. A batch is the items of one
 * lane; nothing of it is answered before it is stored, and every item is settled exactly once,
 * whatever happens.
 *
 * The fast path holds the accounts' locks and appends in one message. All that does not go that way
 * (no locks, another replica was faster, a claim is gone, the answer was lost) goes on under the
 * head's row lock.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';
import { refusal, RpcError } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { tracedLog } from '#platform/log-trace.ts';
import { RETRY_AFTER_MS } from './bounds.ts';
import { appendFast, SLOW } from './append-fast.ts';
import { appendUnderHeads, EventStoreUnavailableError } from './append-under-heads.ts';
import type { HeldLock } from './account-locks.ts';
import type { LaneStates } from './lane-states.ts';
import { lockBatch } from './lock-deferral.ts';
import { isExpired, newBatch, type Batch, type BatchContext, type BatchResult } from './batch.ts';
import type { BatchItem, ItemOutcome } from './batch-item.ts';
import { noteDecisions, noteEnd, noteUnstored } from './batch-metrics.ts';
import { startBatchTrace } from './batch-trace.ts';
import { tellModeChanges } from './mode-changes.ts';
import { settleItems } from './settle-items.ts';

/** Answers the items that are put off to the lane's next batch; all others are settled. */
export async function processBatch(
  context: BatchContext,
  lane: LaneStates,
  given: readonly BatchItem[],
  queuedSinceMs: number,
): Promise<readonly BatchItem[]> {
  const items = dropExpired(context.log, given);
  if (items.length === 0) return NONE;
  const startedMs = performance.now();
  const trace = startBatchTrace(lane.partition, items, queuedSinceMs);
  const log = tracedLog(context.log, trace.traceparent);
  tellModeChanges(context, trace);
  const nowMicros = BigInt(Date.now()) * 1000n;
  let batch: Batch = newBatch(randomUUID(), lane, items, nowMicros, trace);
  const attributes = attributesOf(context, batch);
  let deferred = NONE;
  let result: BatchResult;
  let path: 'fast' | 'slow';
  try {
    const whole = batch;
    const locked = await trace.step('lock', () => lockBatch(context, whole));
    deferred = locked.deferred;
    if (locked.batch === undefined) {
      noteEnd('deferred', startedMs, trace.traceparent);
      trace.end({ ...attributes, 'bank.deferred': deferred.length });
      return deferred;
    }
    batch = locked.batch;
    ({ result, path } = await store(context, batch, locked.lock));
  } catch (error) {
    log.error('A batch was not stored.', {
      batchId: batch.batchId,
      partition: lane.partition,
      items: batch.items.length,
      err: error,
    });
    noteEnd('failed', startedMs, trace.traceparent);
    trace.end(attributes, { error });
    failItems(log, batch.items, batch.unanswered !== undefined, error);
    return deferred;
  }
  const rejected = reply(log, result);
  noteEnd(path, startedMs, trace.traceparent);
  const stored = { 'bank.seq': Number(result.position ?? 0n), 'bank.rejected': rejected };
  trace.end({ ...attributes, ...stored, 'bank.path': path });
  if (result.again.length === 0) return deferred;
  return [...(await processBatch(context, lane, result.again, performance.now())), ...deferred];
}

/** What its span says of a batch, however it ends. */
export function attributesOf({ isBulkMode }: BatchContext, batch: Batch): Attributes {
  const { batchId, accountIds } = batch;
  return {
    'bank.batch_id': batchId,
    'bank.accounts': accountIds.size,
    'bank.bulk_mode': isBulkMode(),
  };
}

const NONE: readonly BatchItem[] = [];

/** The fast path; without locks, or when it does not stand, under the heads. */
async function store(
  context: BatchContext,
  batch: Batch,
  lock: HeldLock | undefined,
): Promise<{ result: BatchResult; path: 'fast' | 'slow' }> {
  try {
    const fast = lock === undefined ? SLOW : await appendFast(context, batch);
    if (fast !== SLOW) return { result: fast, path: 'fast' };
    return { result: await appendUnderHeads(context, batch), path: 'slow' };
  } finally {
    lock?.release();
  }
}

/** A command whose deadline has passed before it is appended is dropped, never half done. */
export function dropExpired(log: Logger, items: readonly BatchItem[]): readonly BatchItem[] {
  const nowMs = performance.now();
  const expired = items.filter((item) => isExpired(item, nowMs));
  if (expired.length === 0) return items;
  const kept = items.filter((item) => !isExpired(item, nowMs)); // a callback may cancel another
  settleExpired(log, expired);
  return kept;
}

function settleExpired(log: Logger, items: readonly BatchItem[]): void {
  if (items.length === 0) return;
  noteUnstored(items, 'expired');
  const message = 'the caller gave up before the command was stored: nothing was done';
  const error = new RpcError(status.DEADLINE_EXCEEDED, message);
  settleItems(log, items, () => ({ kind: 'failed', error }));
}

/** Answers how many a rule refused. */
export function reply(log: Logger, result: BatchResult): number {
  const { items, decisions, takenOver, expired } = result;
  settleItems(log, items, (place) => decisions[place] ?? undecided(place));
  noteUnstored(takenOver, 'taken_over');
  settleItems(log, takenOver, () => ({ kind: 'taken-over' }));
  settleExpired(log, expired);
  return noteDecisions(items, decisions);
}

/** Never: each item of a result has its decision. */
function undecided(place: number): ItemOutcome {
  const cause = new Error(`no decision for item ${place}`);
  return { kind: 'failed', error: new RpcError(status.INTERNAL, 'internal error', { cause }) };
}

export function failItems(
  log: Logger,
  items: readonly BatchItem[],
  unanswered: boolean,
  cause: unknown,
): void {
  noteUnstored(items, 'failed');
  settleItems(log, items, (_place, item) => {
    return { kind: 'failed', error: errorFor(item, unanswered, cause) };
  });
}

function errorFor(item: BatchItem, unanswered: boolean, cause: unknown): RpcError {
  if (item.origin.kind === 'unary' && unanswered) {
    const message =
      'the event store took the command and did not answer: ' +
      'ask GetOperation, or send it again with its operation_id';
    return refusal(status.DEADLINE_EXCEEDED, 'OUTCOME_UNKNOWN', message, { cause });
  }
  if (unanswered || cause instanceof EventStoreUnavailableError) {
    const message = 'the event store is out of reach; what was stored before stays stored';
    const options = { cause, retryAfterMs: RETRY_AFTER_MS };
    return refusal(status.UNAVAILABLE, 'EVENT_STORE_UNAVAILABLE', message, options);
  }
  return new RpcError(status.INTERNAL, 'internal error', { cause });
}
