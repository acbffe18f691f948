/**
 * What a reader of the log is told that meets a position which is not there: where the position has
 * gone to the archive, LOG_ARCHIVED, with the range, its file and the command that brings it back.
 * Any other error stays what it is.
 */
import { status } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import { whereArchived } from '#platform/archived-range.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { MissingPositionError } from './sql/missing-position.ts';

export async function whyMissing(db: Pool, error: unknown): Promise<unknown> {
  if (!(error instanceof MissingPositionError)) return error;
  const archived = await whereArchived(db, error.partition, error.seq);
  if (archived === undefined) return error;
  return refusal(status.FAILED_PRECONDITION, 'LOG_ARCHIVED', archived, { cause: error });
}
