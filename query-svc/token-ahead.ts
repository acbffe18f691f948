/**
 * A resume token that names more than the projection has. The projection has all that it ever told,
 * so such a token is of another log: an older copy was restored. To go on behind it would leave out
 * what comes there anew.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';

/** Throws LOG_REPLACED. `toldVersion`: the newest that the token names. */
export function checkNotAhead(accountId: string, toldVersion: bigint, asOfVersion: bigint): void {
  if (toldVersion <= asOfVersion) return;
  const place = `account ${accountId} is at version ${asOfVersion}, behind ${toldVersion}`;
  const message = `${place}, which the token names: start again without a token`;
  throw refusal(status.FAILED_PRECONDITION, 'LOG_REPLACED', message);
}
