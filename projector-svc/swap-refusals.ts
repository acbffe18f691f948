/** Why a rebuild is not put in the place of the live projection, as its caller is told. */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import type { Differences } from './sql/diff-rebuilt.ts';
import type { ParkedCounts } from './sql/park-accounts.ts';

export function notCaughtUp(why: string): Error {
  const message = `the rebuild cannot be swapped in: ${why}`;
  return refusal(status.FAILED_PRECONDITION, 'REBUILD_NOT_CAUGHT_UP', message);
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
  const message = `${count} rows differ from the live projection; the first: ${example}`;
  return refusal(status.FAILED_PRECONDITION, 'REBUILD_DIFFERS', message, {
    metadata: { differences: String(count) },
  });
}
