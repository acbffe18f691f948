/**
 * Fills the tables of a rebuild: the same rows by the same statements as the live projection, from
 * the outbox, partition by partition and a few of them side by side. Its connections see the tables
 * of the schema `rebuild` under the usual names; each transaction first makes sure that they are
 * there, for without them the names would be those of the live ones. Where it is stands in its own
 * projected_heads, moved in the same transactions, so it may be stopped or killed anywhere.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { pausePoint } from '#platform/pause-points.ts';
import type { PipelineStep } from '#platform/postgres-pipeline.ts';
import { createPool } from '#platform/postgres.ts';
import { counter } from '#platform/telemetry.ts';
import { batchRows, outlineOf } from './batch-rows.ts';
import { HeadMoved, createCommits } from './commit-rows.ts';
import type { CommitRows } from './commit-rows.ts';
import { REBUILD } from './bounds.ts';
import { BATCH } from './config.ts';
import type { ProjectorConfig } from './config.ts';
import { missingPosition } from './missing-position.ts';
import { takeDense } from './partition-lane.ts';
import type { LogRecord } from './record-outline.ts';
import type { Target } from './rebuild-targets.ts';
import { readOutbox } from './sql/read-outbox.ts';
import { goneOr } from './sql/read-rebuilt-heads.ts';
import type { TextKeys } from './text-keys.ts';

const TABLES_ARE_THERE: PipelineStep = {
  kind: 'statement',
  name: 'rebuild-is-there',
  sql: 'select from rebuild.projected_heads limit 0',
  values: [],
};

const eventsRebuilt = counter(
  'bank.projector.rebuilt_events',
  'Events applied to rebuilds.',
  '{event}',
);

export type FillContext = {
  readonly eventStore: pg.Pool;
  readonly commit: CommitRows;
  readonly texts: TextKeys;
};

/**
 * A commit that is lost with the server takes the head's move with it: there is nothing to wait
 * for.
 */
export function openRebuildPool(
  config: Pick<ProjectorConfig, 'projectionStoreUrl' | 'instance'>,
  log: Logger,
): pg.Pool {
  return createPool({
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-rebuild`,
    metricName: 'rebuild',
    maxConnections: REBUILD.connectionsMax,
    statementTimeoutMs: BATCH.answerMs,
    lockTimeoutMs: BATCH.lockTimeoutMs,
    settings: { search_path: 'rebuild,public', synchronous_commit: 'off' },
    log,
  });
}

export function commitsOfRebuild(pool: pg.Pool, reading: pg.Pool, log: Logger): CommitRows {
  const { alone } = createCommits({ pool, reading, log, firstStep: TABLES_ARE_THERE });
  return async (rows) => {
    try {
      await alone(rows);
    } catch (error) {
      throw goneOr(error);
    }
  };
}

/** Brings all partitions to their targets; when one fails, after the others have ended. */
export async function fillTo(
  ctx: FillContext,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<void> {
  const missing = ({ seq, head }: Target): number => Number(seq - head.seq);
  const waiting = targets
    .filter((target) => missing(target) > 0)
    .sort((a, b) => missing(a) - missing(b)); // the longest is begun first
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      try {
        await fillPartition(ctx, next, either);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }
  };
  await Promise.allSettled(Array.from({ length: REBUILD.partitionsInFlight }, work));
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
}

async function fillPartition(
  ctx: FillContext,
  { partition, head, seq: untilSeq }: Target,
  signal: AbortSignal,
): Promise<void> {
  let { seq } = head;
  let reading = readPage(ctx, partition, seq, untilSeq);
  while (seq < untilSeq) {
    let records = await reading;
    const last = records.at(-1)?.seq;
    if (last === undefined) throw await missingRow(ctx, partition, seq, untilSeq);
    reading = readPage(ctx, partition, last, untilSeq); // while this page is written
    while (records.length > 0) {
      signal.throwIfAborted();
      const batch = takeDense(records, seq, REBUILD.batchEventsMax);
      if (batch.length === 0) throw await missingRow(ctx, partition, seq, untilSeq);
      await commitBatch(ctx, batch, seq);
      seq += BigInt(batch.length);
      records = records.slice(batch.length);
    }
  }
}

function readPage(
  { eventStore }: FillContext,
  partition: number,
  afterSeq: bigint,
  untilSeq: bigint,
): Promise<LogRecord[]> {
  if (afterSeq >= untilSeq) return Promise.resolve([]);
  const { readRecordsMax: recordsMax, readBytesMax: bytesMax } = REBUILD;
  const page = readOutbox(eventStore, { partition, afterSeq, untilSeq, recordsMax, bytesMax });
  page.catch(() => undefined); // awaited later, or not at all
  return page;
}

async function commitBatch(
  { commit, texts }: Omit<FillContext, 'eventStore'>,
  records: readonly LogRecord[],
  seq: bigint,
  isAgain = false,
): Promise<void> {
  const head = { seq, retryNo: 0n };
  const outlined = records.map(outlineOf);
  const { rows, events } = await texts.opened((opener) =>
    batchRows(outlined, head, Date.now(), undefined, opener),
  );
  const before = pausePoint('rebuild.before-commit');
  if (before !== undefined) await before;
  try {
    await commit({ ...rows, filledRecords: 0 }); // not because Kafka did not bring them
  } catch (error) {
    // It did not know of an erasure; whoever has moved the head for another reason moves it again.
    if (!(error instanceof HeadMoved) || isAgain) throw error;
    await texts.refresh();
    return commitBatch({ commit, texts }, records, seq, true);
  }
  const after = pausePoint('rebuild.after-commit');
  if (after !== undefined) await after;
  eventsRebuilt.add(events);
}

function missingRow(
  { eventStore }: FillContext,
  partition: number,
  seq: bigint,
  untilSeq: bigint,
): Promise<Error> {
  return missingPosition(eventStore, partition, seq + 1n, `${untilSeq} exists`);
}
