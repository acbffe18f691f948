/**
 * How claims and submissions are read and written: transactions that this process drives, so that
 * COMMIT is sent only after the last answer inside. A try that met a lost connection, a deadlock or
 * a lock time-out was rolled back, or nobody knows: it is made again whole, a bounded number of
 * times; then EVENT_STORE_UNAVAILABLE.
 */
import { status } from '@grpc/grpc-js';
import type { Holders } from './account-holder.ts';
import type { Pool, PoolClient } from 'pg';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { isConnectionLost, SQL_STATE, sqlStateOf, withTransaction } from '#platform/postgres.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { backendOf, watchingBlockers, type StoppedOwnerLimits } from '#platform/stopped-owner.ts';
import { whyMissing } from './archived-log.ts';

export type SubmissionLimits = {
  /**
   * Tries of one opening, closing or reading. With a lock time-out of 2 s they outlast a stopped
   * owner.
   */
  readonly triesMax: number;
  readonly retryPauseFirstMs: number;
  readonly retryPauseMaxMs: number;
  /** When a caller that was told UNAVAILABLE should come back. */
  readonly retryAfterMs: number;
};

export type SubmissionContext = {
  readonly eventStore: Pool;
  /** For looking after waiting statements. */
  readonly watchPool: Pool;
  readonly log: Logger;
  readonly partitionCount: number;
  readonly stoppedOwner: StoppedOwnerLimits;
  readonly submissions: SubmissionLimits;
  /** Who reaches which account. */
  readonly holders: Holders;
};

/**
 * Runs fn in a transaction that may wait for others' locks; fn is run again from its start after a
 * conflict. What `beforeTry` throws ends the tries.
 */
export function inSubmissionTransaction<T>(
  context: SubmissionContext,
  fn: (client: PoolClient) => Promise<T>,
  beforeTry?: (attempt: number) => void,
): Promise<T> {
  const { eventStore, watchPool, stoppedOwner, log } = context;
  return tryAgain(context, (attempt) => {
    beforeTry?.(attempt);
    return withTransaction(eventStore, async (client) => {
      const backend = await backendOf(client);
      return watchingBlockers(watchPool, backend, stoppedOwner, log, () => fn(client));
    });
  });
}

/** Reads, with the same tries and the same error. */
export function readFromEventStore<T>(
  context: SubmissionContext,
  fn: (pool: Pool) => Promise<T>,
): Promise<T> {
  return tryAgain(context, () => fn(context.eventStore));
}

async function tryAgain<T>(
  context: SubmissionContext,
  fn: (attempt: number) => Promise<T>,
): Promise<T> {
  const { triesMax, retryPauseFirstMs, retryPauseMaxMs } = context.submissions;
  const options = {
    attempts: triesMax,
    firstMs: retryPauseFirstMs,
    maxMs: retryPauseMaxMs,
    retriable: mayWorkNextTime,
    onRetry: (error: unknown, attempt: number): void => {
      context.log.warn("A submission's transaction is tried again.", { err: error, attempt });
    },
  };
  try {
    return await retryWithBackoff(options, fn);
  } catch (error) {
    if (mayWorkNextTime(error)) throw eventStoreUnavailable(context, error);
    throw await whyMissing(context.eventStore, error);
  }
}

const RETRIABLE_STATES = new Set<string>([
  SQL_STATE.deadlock, // another order of locks won
  SQL_STATE.lockTimeout, // a stopped owner; who waits for it looks after it
  SQL_STATE.queryCanceled, // statement_timeout
]);

function mayWorkNextTime(error: unknown): boolean {
  return isConnectionLost(error) || RETRIABLE_STATES.has(sqlStateOf(error) ?? '');
}

function eventStoreUnavailable(context: SubmissionContext, cause: unknown): RpcError {
  const message = 'the event store cannot be reached; what was stored stays stored';
  const { retryAfterMs } = context.submissions;
  return refusal(status.UNAVAILABLE, 'EVENT_STORE_UNAVAILABLE', message, { cause, retryAfterMs });
}
