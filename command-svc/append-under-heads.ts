/**
 * Step 4 on the slow path: no locks, or the fast path did not stand, or its answer was lost. Tries
 * the transaction under the head's row lock (head-transaction.ts) until it stands. Lost connections
 * are tried again for a bounded time, with the same batch_id; deadlocks and lock time-outs a
 * bounded number of times.
 */
import type { PoolClient } from 'pg';
import { traceFields } from '#platform/log-trace.ts';
import {
  CommitUnanswered,
  isConnectionLost,
  rolledBack,
  SQL_STATE,
  sqlStateOf,
} from '#platform/postgres.ts';
import { backoffMs, sleep } from '#platform/waiting.ts';
import { dropStates } from './lane-states.ts';
import type { Batch, BatchContext, BatchResult } from './batch.ts';
import { underTheHead } from './head-transaction.ts';
import { backendOf, endBackend, watchingBlockers } from '#platform/stopped-owner.ts';

/** The event store stayed out of reach for as long as an append is tried. */
export class EventStoreUnavailableError extends Error {
  override name = 'EventStoreUnavailableError';
}

/** A transaction under the heads; `committed` false: it is to be rolled back. */
export type UnderHeads<Result> = (
  context: BatchContext,
  batch: Batch,
  client: PoolClient,
) => Promise<{ result: Result; committed: boolean }>;

export function appendUnderHeads(context: BatchContext, batch: Batch): Promise<BatchResult> {
  return untilItStands(context, batch, underTheHead);
}

/** Tries the transaction until it was answered; throws when that takes too long. */
export async function untilItStands<Result>(
  context: BatchContext,
  batch: Batch,
  transaction: UnderHeads<Result>,
): Promise<Result> {
  const giveUpAtMs = performance.now() + context.append.retryForMs;
  let conflicts = 0;
  let collisions = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      return await batch.trace.step('append', () => attemptOnce(context, batch, transaction));
    } catch (error) {
      for (const lane of [batch.lane, ...batch.others]) dropStates(lane);
      const state = sqlStateOf(error);
      if (isConnectionLost(error) || error instanceof CommitUnanswered) {
        if (performance.now() >= giveUpAtMs) throw gaveUp(error);
      } else if (state === SQL_STATE.deadlock || state === SQL_STATE.lockTimeout) {
        context.counts.conflicts += 1;
        conflicts += 1;
        if (conflicts > context.append.conflictsMax) throw gaveUp(error);
      } else if (state === SQL_STATE.uniqueViolation && collisions === 0) {
        collisions += 1;
        context.counts.collisions += 1;
        context.log.error("Two events met under the head's lock: the lane is read anew.", {
          ...traceFields(batch.trace.traceparent),
          partition: batch.lane.partition,
          batchId: batch.batchId,
          err: error,
        });
      } else throw error;
      await sleep(pauseMs(context, attempt));
    }
  }
}

function gaveUp(cause: unknown): EventStoreUnavailableError {
  return new EventStoreUnavailableError('the event store did not take the batch in time', {
    cause,
  });
}

function pauseMs(context: BatchContext, attempt: number): number {
  const { retryPauseFirstMs, retryPauseMaxMs } = context.append;
  return backoffMs({ firstMs: retryPauseFirstMs, maxMs: retryPauseMaxMs }, attempt);
}

async function attemptOnce<Result>(
  context: BatchContext,
  batch: Batch,
  transaction: UnderHeads<Result>,
): Promise<Result> {
  await endUnanswered(context, batch);
  const client = await context.eventStore.connect();
  let broken = true;
  try {
    const backend = await backendOf(client);
    await client.query('begin');
    const { watchPool, stoppedOwner, log } = context;
    const { result, committed } = await watchingBlockers(
      watchPool,
      backend,
      stoppedOwner,
      log,
      () => transaction(context, batch, client),
    );
    if (!committed) await client.query('rollback');
    broken = false;
    return result;
  } catch (error) {
    broken = isConnectionLost(error) || !(await rolledBack(client));
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * The backend of a lost answer may run on: it is ended where it can be found. What it did is looked
 * up anyway.
 */
async function endUnanswered(context: BatchContext, batch: Batch): Promise<void> {
  const backend = batch.unanswered?.backend;
  if (batch.unanswered === undefined || backend === undefined) return;
  await endBackend(context.watchPool, backend);
  batch.unanswered.backend = undefined;
}
