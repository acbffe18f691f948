/**
 * A batch on its way through process-batch: its items, what was made of it so far, and what it
 * works with.
 */
import type { Pool } from 'pg';
import type { ModeChange } from '#platform/leased-mode.ts';
import type { Logger } from '#platform/logger.ts';
import type { AccountLocks } from './account-locks.ts';
import type { Wanted } from './base-states.ts';
import type { LaneStates, StatesLimits } from './lane-states.ts';
import type { AppendRequest } from './sql/append-batch.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';
import type { BatchIdentity } from './append-plan.ts';
import type { BatchTrace } from './batch-trace.ts';
import type { Holders } from './account-holder.ts';
import type { OwnerKeys } from './owner-keys.ts';
import { openingIn, wantedOf } from './wanted.ts';
import type { Backend, StoppedOwnerLimits } from '#platform/stopped-owner.ts';

export type AppendLimits = {
  /** An append without an answer for so long counts as lost, and its connection is thrown away. */
  readonly answerTimeoutMs: number;
  /** For how long an append is tried again before its items fail. */
  readonly retryForMs: number;
  readonly retryPauseFirstMs: number;
  readonly retryPauseMaxMs: number;
  /** Deadlocks and lock time-outs that one batch lives through. */
  readonly conflictsMax: number;
};

export type DeferralLimits = {
  /** How often an item is put off at most. */
  readonly deferralsMax: number;
  /** A batch of which all is put off waits so long, between the two, before it is tried again. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
};

export type BatchCounts = {
  fastAppends: number;
  slowAppends: number;
  headMoved: number;
  claimGone: number;
  collisions: number;
  conflicts: number;
  unexpected: number;
  answersLost: number;
  answersFound: number;
};

export type BatchContext = {
  readonly eventStore: Pool;
  readonly partitionCount: number;
  /** For looking after waiting statements: never used by the batches themselves. */
  readonly watchPool: Pool;
  readonly locks: AccountLocks;
  readonly deferral: DeferralLimits;
  /** How often an item was put off; those that never were are not in it. */
  readonly deferrals: WeakMap<BatchItem, number>;
  readonly log: Logger;
  readonly states: StatesLimits;
  readonly append: AppendLimits;
  /** Answers the position; rejects with what the server said, or with the connection's loss. */
  readonly sendAppend: (batch: Batch, request: AppendRequest) => Promise<bigint>;
  readonly stoppedOwner: StoppedOwnerLimits;
  readonly counts: BatchCounts;
  readonly isBulkMode: () => boolean;
  readonly holders: Holders;
  /** Undefined: texts are not sealed. */
  readonly ownerKeys: OwnerKeys | undefined;
  /** A change of bulk mode that no batch's trace has told yet. */
  readonly takeModeChange: () => ModeChange | undefined;
};

export type Batch = Wanted & {
  readonly batchId: string;
  /** Of the lowest partition that it writes. */
  readonly lane: LaneStates;
  /** The other lanes that it holds, ascending by partition; only a barrier's batch has any. */
  readonly others: readonly LaneStates[];
  readonly items: readonly BatchItem[];
  /** Those of its accounts that it is to open, before anything else, for a submission. */
  readonly opening: ReadonlySet<string>;
  /** The batch's time: every try of it decides with the same. */
  readonly nowMicros: bigint;
  readonly trace: BatchTrace;
  /**
   * Set once an append was sent and not answered: from which position on its row may stand in the
   * log.
   */
  unanswered: { readonly since: bigint; backend: Backend | undefined } | undefined;
};

/** How a batch ended: what was decided for its items, and where it stands in the log. */
export type BatchResult = {
  readonly items: readonly BatchItem[];
  /** One for each of `items`. */
  readonly decisions: readonly ItemDecision[];
  /** Undefined when there was nothing to store. */
  readonly position: bigint | undefined;
  /** Items whose claim was gone: nothing was stored for them. */
  readonly takenOver: readonly BatchItem[];
  /**
   * Commands whose deadline passed while the batch was tried again: nothing was stored for them.
   */
  readonly expired: readonly BatchItem[];
  /** Items that a recovered row does not account for: they are processed again. */
  readonly again: readonly BatchItem[];
};

/**
 * True for a command whose caller has given up by now: it must not be stored any more. `nowMs`: of
 * performance.now().
 */
export function isExpired({ origin }: BatchItem, nowMs: number): boolean {
  if (origin.kind !== 'unary') return false;
  const isLate = origin.deadlineAtMs !== undefined && origin.deadlineAtMs <= nowMs;
  return isLate || origin.signal?.aborted === true;
}

/** An append is on its way: until it is answered, its row may stand in the log behind `since`. */
export function appendSent(batch: Batch, since: bigint, backend: Backend): void {
  batch.unanswered = { since: batch.unanswered?.since ?? since, backend };
}

/** The server has said what became of the append. */
export function appendAnswered(batch: Batch): void {
  batch.unanswered = undefined;
}

export function identityOf(batch: Batch): BatchIdentity {
  const { batchId, lane, trace } = batch;
  return { batchId, partition: lane.partition, traceparent: trace.traceparent, others: [] };
}

export function newCounts(): BatchCounts {
  return {
    fastAppends: 0,
    slowAppends: 0,
    headMoved: 0,
    claimGone: 0,
    collisions: 0,
    conflicts: 0,
    unexpected: 0,
    answersLost: 0,
    answersFound: 0,
  };
}

export function newBatch(
  batchId: string,
  lane: LaneStates,
  items: readonly BatchItem[],
  nowMicros: bigint,
  trace: BatchTrace,
  others: readonly LaneStates[] = [],
): Batch {
  const named = { ...wantedOf(items), opening: openingIn(items) };
  return { batchId, lane, others, items, ...named, nowMicros, trace, unanswered: undefined };
}
