/**
 * A record that could not be applied. If Kafka brought it, its bytes are compared with the event
 * store's row of the same position, which is the truth: where they differ, what Kafka brought is
 * kept as a dead letter, and the row is applied in its place. What cannot be applied from the event
 * store either is applied apart, so that only the accounts that it concerns are parked.
 */
import { traceFields } from '#platform/log-trace.ts';
import type pg from 'pg';
import { sleep } from '#platform/waiting.ts';
import { applyApart } from './apply-apart.ts';
import { TAIL } from './config.ts';
import { CAUSE, faultOf, letterFromKafka, lettersKept } from './dead-letter.ts';
import type { Fault } from './dead-letter.ts';
import { MissingPosition } from './missing-position.ts';
import { projectBatch } from './project-batch.ts';
import type { ProjectContext, ProjectedHead } from './project-batch.ts';
import { nameOf } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';
import { keepDeadLetter } from './sql/keep-dead-letter.ts';
import { readLogHead } from './sql/read-log-head.ts';
import { readLogRows } from './sql/read-log-row.ts';
import type { LogRow } from './sql/read-log-row.ts';

/** Answers the new head; undefined: the log has no such record, and what came is kept. */
export async function applySuspect(
  ctx: ProjectContext,
  head: ProjectedHead,
  record: LogRecord,
  fault: Fault,
): Promise<ProjectedHead | undefined> {
  const row = await findLogRow(ctx, record);
  if (record.source === 'outbox') {
    if (row !== undefined) return applyApart(ctx, head, row);
    throw new MissingPosition(`${nameOf(record)} was in the outbox, and is not there any more`);
  }
  if (row?.payload.equals(record.payload) === true) {
    const { offset, headers } = record;
    return applyApart(ctx, head, { ...row, offset, headers });
  }
  await keepFromKafka(ctx, record, fault);
  if (row === undefined) return undefined;
  try {
    return await projectBatch(ctx, head, [row], 'alone');
  } catch (error) {
    if (faultOf(error) === undefined) throw error;
    return applyApart(ctx, head, row);
  }
}

/** One whose headers do not say which it is; what it was shows as a hole, which is filled. */
export async function keepUnplaced(ctx: ProjectContext, record: LogRecord): Promise<void> {
  const message =
    'the headers of a record do not say which it is: seq or batchId is missing or wrong';
  await keepFromKafka(ctx, record, { cause: CAUSE.noPosition, message });
}

/** The event store's row in place of what Kafka brought, which is kept unless it is the same. */
export async function rowInstead(
  ctx: ProjectContext,
  record: LogRecord,
  message: string,
): Promise<LogRow | undefined> {
  const row = await findLogRow(ctx, record);
  if (row?.payload.equals(record.payload) !== true) {
    await keepFromKafka(ctx, record, { cause: CAUSE.notInLog, message });
  }
  return row;
}

/**
 * Of records as they came: those in front whose positions are beyond the log's, where nobody can
 * have written them. Answers which; they are kept.
 */
export async function keepBeyondLog(
  ctx: ProjectContext,
  records: readonly LogRecord[],
  logSeq: bigint,
): Promise<readonly LogRecord[]> {
  const end = records.findIndex(({ seq }) => seq <= logSeq);
  const beyond = end < 0 ? records : records.slice(0, end);
  for (const record of beyond) {
    const message = `${nameOf(record)} came from Kafka, and the event store is at ${logSeq}`;
    await keepFromKafka(ctx, record, { cause: CAUSE.notInLog, message });
  }
  return beyond;
}

async function keepFromKafka(ctx: ProjectContext, record: LogRecord, fault: Fault): Promise<void> {
  const letter = letterFromKafka(record, fault);
  const { deadLetterId, source } = letter;
  const isNew = await keepDeadLetter(ctx.reading, letter);
  if (isNew) lettersKept.add(1, { cause: fault.cause, source });
  const { partition, seq, offset } = record;
  ctx.log.error('A record from Kafka cannot be applied; the event store is asked.', {
    ...traceFields(record.traceparent),
    partition,
    seq,
    offset,
    deadLetterId,
    ...fault,
  });
}

/** Where the head has reached its position, one look tells: both are of one transaction. */
async function findLogRow(
  { eventStore }: ProjectContext,
  { partition, seq }: LogRecord,
): Promise<LogRow | undefined> {
  if ((await logSeqFrom(eventStore, partition, seq)) < seq) return undefined;
  const [row] = await readLogRows(eventStore, partition, [seq], 0);
  return row;
}

/**
 * The log's head, waited for a moment while it is not at seq: what Kafka brings was committed, and
 * may become visible a moment later.
 */
export async function logSeqFrom(
  eventStore: pg.Pool,
  partition: number,
  seq: bigint,
): Promise<bigint> {
  for (let attempt = 1; ; attempt++) {
    const logSeq = await readLogHead(eventStore, partition);
    if (logSeq >= seq || attempt >= TAIL.rereadAttempts) return logSeq;
    await sleep(TAIL.rereadPauseMs);
  }
}
