/**
 * Applies records of one partition as fast as they can be; when one of them cannot, record by
 * record, until the one in doubt stands first and is looked at by itself.
 */
import type { Commits } from './commit-rows.ts';
import { faultOf } from './dead-letter.ts';
import { projectBatch } from './project-batch.ts';
import type { ProjectContext, ProjectedHead } from './project-batch.ts';
import { OtherHistory } from './record-chain.ts';
import type { LogRecord } from './record-outline.ts';
import { applySuspect, rowInstead } from './suspect-record.ts';

/**
 * Answers the new head, of one record at least; undefined: the log has no such record as the first.
 */
export async function applyRecords(
  ctx: ProjectContext,
  head: ProjectedHead,
  records: readonly LogRecord[],
  how: keyof Commits = 'together',
): Promise<ProjectedHead | undefined> {
  const [first, another] = records;
  try {
    return await projectBatch(ctx, head, records, how);
  } catch (error) {
    if (error instanceof OtherHistory && first !== undefined) {
      if (another !== undefined) return applyRecords(ctx, head, [first], how);
      return applyFromLog(ctx, head, first, error);
    }
    const fault = faultOf(error);
    if (fault === undefined || first === undefined) throw error;
    if (another !== undefined) return applyRecords(ctx, head, [first], how);
    return applySuspect(ctx, head, first, fault);
  }
}

/** What Kafka brought does not follow on the head: the event store's row, if that one does. */
async function applyFromLog(
  ctx: ProjectContext,
  head: ProjectedHead,
  record: LogRecord,
  cause: OtherHistory,
): Promise<ProjectedHead | undefined> {
  if (record.source === 'outbox') throw cause;
  const row = await rowInstead(ctx, record, cause.message);
  return row === undefined ? undefined : applyRecords(ctx, head, [row], 'alone');
}
