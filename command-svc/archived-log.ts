/**
 * What a reader of the log is told that meets a position which is not there: where the position has
 * gone to the archive, LOG_ARCHIVED, with the range, its file and the command that brings it back.
 * Any other error stays what it is.
 */
import { status } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import { refusal } from '#platform/grpc-errors.ts';
import { findArchivedRange } from './sql/find-archived-range.ts';
import { MissingPositionError } from './sql/missing-position.ts';

export async function whyMissing(db: Pool, error: unknown): Promise<unknown> {
  if (!(error instanceof MissingPositionError)) return error;
  const { partition, seq } = error;
  const range = await findArchivedRange(db, partition, seq);
  if (range === undefined) return error;
  const { firstSeq, lastSeq, fileName } = range;
  return refusal(
    status.FAILED_PRECONDITION,
    'LOG_ARCHIVED',
    `partition ${partition}, positions ${firstSeq} to ${lastSeq}: archived in ${fileName}; ` +
      `brought back by npm run ops -- unarchive --partition ${partition} --from ${seq} ` +
      '--folder FOLDER',
    { cause: error },
  );
}
