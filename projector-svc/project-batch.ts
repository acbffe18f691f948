/**
 * Applies records of one partition to the projection, in one transaction:
 *   1 decode   the records into rows, in memory, once it is sure that they follow on the head;
 *              events of parked accounts are left out and kept as waiting
 *   2 head     projected_heads from the expected position to the new one; HeadMoved when another
 *              was faster
 *   3 rows     entries, balances over the last state of each account, acknowledgements, closed
 *              submissions
 *   4 notify   after the commit, the watchers of what was told
 *
 * Records must be dense and begin right behind head; what is of another history is refused. On any
 * failure nothing is applied, or nobody knows (the connection was lost): either way the head, read
 * again, tells how far the projection is.
 */
import { SpanKind } from '@opentelemetry/api';
import type pg from 'pg';
import type { LeasedMode } from '#platform/leased-mode.ts';
import type { Logger } from '#platform/logger.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { failSpan } from '#platform/telemetry.ts';
import { batchRows, outlineOf } from './batch-rows.ts';
import type { ProjectSettings } from './config.ts';
import type { LogRecord } from './record-outline.ts';
import type { Commits } from './commit-rows.ts';
import { startJoinedSpan, type JoinedSpan } from './joined-spans.ts';
import { tellPipe } from './pipe-span.ts';
import { noteFailed, noteProjected } from './project-metrics.ts';
import { checkChain } from './record-chain.ts';
import { submissionsNotice } from './projected-notices.ts';
import type { Notice } from './projected-notices.ts';
import { setAside } from './waiting-events.ts';
import type { WaitingContext } from './waiting-items.ts';

export type ProjectedHead = {
  readonly seq: bigint;
  readonly batchId: string | undefined;
  /** Counts the retries of dead letters. With seq it says which accounts are parked. */
  readonly retryNo: bigint;
  readonly parked: ReadonlySet<string>;
};

export type ProjectContext = WaitingContext & {
  /** Rejects with HeadMoved, or with what the store said; without an answer nobody knows. */
  commits: Commits;
  /** For a transaction of several messages. */
  projecting: pg.Pool;
  /** For what must not wait behind them. */
  reading: pg.Pool;
  log: Logger;
  /** Tells the watchers on all replicas. */
  announce: (notice: Notice) => void;
  /** Bulk mode, with the settings in force. */
  mode: Pick<LeasedMode<ProjectSettings>, 'settings' | 'takeChange'>;
};

/** Answers the new head. */
export async function projectBatch(
  ctx: ProjectContext,
  head: ProjectedHead,
  records: readonly LogRecord[],
  how: keyof Commits = 'together',
): Promise<ProjectedHead> {
  const startedMs = performance.now();
  const joined = startSpan(records);
  const { span } = joined;
  const change = ctx.mode.takeChange();
  if (change !== undefined) span.addEvent(change.name, { on: change.isOn }, change.at);
  try {
    checkChain(head, records);
    const outlined = records.map(outlineOf);
    tellPipe(outlined);
    const { applied, waiting } = await setAside(ctx, outlined, head.parked);
    const batch = batchRows(applied, head, Date.now(), waiting);
    const pausing = pausePoint('project.before-commit');
    if (pausing !== undefined) await pausing;
    await ctx.commits[how](batch.rows);
    const pause = pausePoint('project.after-commit-before-notify');
    if (pause !== undefined) await pause;
    const submissions = submissionsNotice(batch.outlined);
    ctx.announce({ submissions, accounts: batch.accountsNotice });
    noteProjected(batch, startedMs);
    span.setAttributes({ 'bank.events': batch.events, 'bank.accounts': batch.accounts });
    return { ...head, seq: batch.rows.newSeq, batchId: batch.rows.newBatchId };
  } catch (error) {
    noteFailed(startedMs);
    failSpan(span, error);
    throw error;
  } finally {
    joined.end();
  }
}

/** One span a transaction, in the traces of its batches. */
function startSpan(records: readonly LogRecord[]): JoinedSpan {
  const [first] = records;
  const attributes = {
    'bank.partition': first?.partition ?? -1,
    'bank.seq.first': String(first?.seq),
    'bank.seq.last': String(records.at(-1)?.seq),
    'bank.source': first?.source ?? '',
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': records.length,
  };
  const traceparents = records.map(({ traceparent }) => traceparent);
  return startJoinedSpan('project', SpanKind.CONSUMER, traceparents, attributes);
}
