/** Why a rebuild is not put in the place of the live projection, as its caller is told. */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import { faultOf } from './dead-letter.ts';
import { MissingPosition } from './missing-position.ts';
import { RebuildOutdated } from './rebuild-targets.ts';
import type { Differences } from './sql/diff-rebuilt.ts';
import type { ParkedCounts } from './sql/park-accounts.ts';

export function notCaughtUp(why: string, cause?: unknown): Error {
  const message = `the rebuild cannot be swapped in: ${why}`;
  return refusal(status.FAILED_PRECONDITION, 'REBUILD_NOT_CAUGHT_UP', message, { cause });
}

/** `state`: of its row; undefined: it has none any more. */
export function notLevel(state: string | undefined): Error {
  return notCaughtUp(WHY_NOT[state ?? ''] ?? 'it was dropped');
}

const WHY_NOT: Readonly<Record<string, string>> = {
  running: 'it still runs, and GetRebuild says when it is REBUILD_STATE_CAUGHT_UP',
  stopped: 'it has stopped, and StartRebuild goes on with it',
  failed: 'it has failed, and GetRebuild says why',
};

/** What it has met on its last way; undefined: the error says nothing of the rebuild. */
export function cannotLevel(error: unknown): Error | undefined {
  if (error instanceof RebuildOutdated) {
    return notCaughtUp(`DropRebuild, then StartRebuild: ${error.message}`, error);
  }
  if (error instanceof MissingPosition) return notCaughtUp(error.message, error);
  const fault = faultOf(error);
  if (fault === undefined) return undefined;
  return notCaughtUp(`${fault.message} (${fault.cause}: see ListDeadLetters)`, error);
}

/** What waits for them is of the live tables, and the numbers of their retries are. */
export function accountsParked({ accounts, letters }: ParkedCounts): Error {
  const message =
    `${accounts} accounts are parked, and ${letters} dead letters hold what is not applied: ` +
    'RetryDeadLetters first';
  return refusal(status.FAILED_PRECONDITION, 'ACCOUNTS_PARKED', message);
}

export function differs({ count, first }: Differences): Error {
  const [one] = first;
  const example =
    one && `${one.kind} of account ${one.accountId}: live ${one.found}, rebuilt ${one.expected}`;
  // Entries are known as they were when it caught up.
  const message =
    `${count} rows differ (after a retry or a repair StopRebuild and StartRebuild compare anew); ` +
    `GetRebuild names the first, accept_differences swaps all the same; one: ${example}`;
  return refusal(status.FAILED_PRECONDITION, 'REBUILD_DIFFERS', message, {
    metadata: { differences: String(count) },
  });
}
