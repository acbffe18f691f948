/**
 * Applies records of one partition to the projection, in one transaction:
 *   1 decode   the records into rows, in memory
 *   2 head     projected_heads from the expected position to the new one; HeadMoved when another
 *              was faster
 *   3 rows     entries, balances over the last state of each account, acknowledgements, closed
 *              submissions
 *   4 notify   after the commit, the watchers of what was told
 *
 * Records must be dense and begin right behind head. On any failure nothing is applied, or nobody
 * knows (the connection was lost): either way the head, read again, tells how far the projection
 * is.
 */
import { SpanStatusCode } from '@opentelemetry/api';
import type { Link, Span } from '@opentelemetry/api';
import type pg from 'pg';
import type { LeasedMode } from '#platform/leased-mode.ts';
import type { Logger } from '#platform/logger.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { runPipeline } from '#platform/postgres-pipeline.ts';
import { sqlStateOf } from '#platform/postgres.ts';
import { backendOf, watchingBlockers } from '#platform/stopped-owner.ts';
import { contextOfTraceparent, counter, linkOfTraceparent, tracer } from '#platform/telemetry.ts';
import { batchRows } from './batch-rows.ts';
import type { BatchRows } from './batch-rows.ts';
import { BATCH, STOPPED_OWNER } from './config.ts';
import type { ProjectSettings } from './config.ts';
import type { LogRecord } from './record-outline.ts';
import { HEAD_MOVED, projectRecords } from './sql/project-records.ts';
import { noticeOf } from './projected-notices.ts';

export type ProjectedHead = { seq: bigint; batchId: string | undefined };

export type ProjectContext = {
  /** For projecting transactions only. */
  pool: pg.Pool;
  /** For what must not wait behind them. */
  reading: pg.Pool;
  log: Logger;
  /** Tells the watchers on all replicas. */
  announce: (notice: string) => void;
  /** Bulk mode, with the settings in force. */
  mode: Pick<LeasedMode<ProjectSettings>, 'settings' | 'takeChange'>;
};

/** The head is not where it was expected: read it again. */
export class HeadMoved extends Error {
  override readonly name = 'HeadMoved';
}

const eventsProjected = counter('bank.projector.events', 'Events applied to the projection.');
const recordsFilled = counter('bank.projector.filled_records', 'Records read from the outbox.');

/** Answers the new head. */
export async function projectBatch(
  ctx: ProjectContext,
  head: ProjectedHead,
  records: readonly LogRecord[],
): Promise<ProjectedHead> {
  const span = startSpan(records);
  const change = ctx.mode.takeChange();
  if (change !== undefined) span.addEvent(change.name, { on: change.isOn }, change.at);
  try {
    const batch = batchRows(records, head.seq, Date.now());
    await commitRows(ctx, batch);
    const pause = pausePoint('project.after-commit-before-notify');
    if (pause !== undefined) await pause;
    ctx.announce(noticeOf(batch.outlined));
    count(batch);
    span.setAttributes({ 'bank.events': batch.events, 'bank.accounts': batch.accounts });
    return { seq: batch.rows.newSeq, batchId: batch.rows.newBatchId };
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    span.end();
  }
}

async function commitRows(ctx: ProjectContext, batch: BatchRows): Promise<void> {
  const client = await ctx.pool.connect();
  let usable = true;
  try {
    const pause = pausePoint('project.before-commit');
    if (pause !== undefined) await pause;
    const backend = await backendOf(client);
    await watchingBlockers(ctx.reading, backend, STOPPED_OWNER, ctx.log, () =>
      runPipeline(client, projectRecords(batch.rows), BATCH.answerMs),
    );
  } catch (error) {
    usable = sqlStateOf(error) !== undefined;
    if (sqlStateOf(error) !== HEAD_MOVED) throw error;
    throw new HeadMoved(`partition ${batch.rows.partition} is not at ${batch.rows.expectedSeq}`, {
      cause: error,
    });
  } finally {
    client.release(!usable);
  }
}

function count({ events, rows }: BatchRows): void {
  eventsProjected.add(events);
  if (rows.filledRecords > 0) recordsFilled.add(rows.filledRecords);
}

/**
 * One span a transaction: a child of the first record's batch, linked to the batches of the others.
 */
function startSpan(records: readonly LogRecord[]): Span {
  const [first, ...others] = records;
  const links = others.map((record) => linkOfTraceparent(record.traceparent));
  const attributes = {
    'bank.partition': first?.partition ?? -1,
    'bank.seq.first': String(first?.seq),
    'bank.seq.last': String(records.at(-1)?.seq),
    'bank.records': records.length,
    'bank.source': first?.source ?? '',
  };
  return tracer('projector-svc').startSpan(
    'project',
    { attributes, links: links.filter((link): link is Link => link !== undefined) },
    contextOfTraceparent(first?.traceparent),
  );
}
