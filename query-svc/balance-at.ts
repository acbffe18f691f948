/**
 * GetBalanceAt: the balance as it was at a time, or after a version. Answered from the entry that
 * made it, however many there are; nothing is replayed or summed.
 */
import { status } from '@grpc/grpc-js';
import type { Reach } from '#platform/caller.ts';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import { isoFromMicros, timestampFromMicros } from '#platform/timestamps.ts';
import type { CallContext } from '#platform/unary.ts';
import type {
  GetBalanceAtRequest,
  GetBalanceAtResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { accountNotFound, guardProjection, type QueryContext } from './account-reader.ts';
import {
  accountIdField,
  MICROS_END,
  timeField,
  versionField,
  type Violations,
} from './request-fields.ts';
import { balanceAt, type BalanceAtQuery } from './sql/balance-at.ts';

const NANOS_A_MICRO = 1_000;

export function getBalanceAtOf({ db, reader }: QueryContext) {
  return async (request: GetBalanceAtRequest, call: CallContext): Promise<GetBalanceAtResponse> => {
    const { query, minVersion } = checkRequest(request, call.caller);
    const { accountId } = query;
    if (minVersion > 0n) await reader.read(new Map([[accountId, minVersion]]), call);
    const found = await guardProjection(balanceAt(db, query));
    if (found === undefined) throw accountNotFound(accountId);
    const { entry } = found;
    if (entry === undefined) throw notThere(query, found.asOfVersion);
    return {
      balance: { currencyCode: entry.currencyCode, minorUnits: entry.balanceAfterMinor },
      version: entry.version,
      recordedAt: timestampFromMicros(entry.recordedAtMicros),
      asOfVersion: found.asOfVersion,
      projectedAt: timestampFromMicros(found.projectedAtMicros),
    };
  };
}

function checkRequest(
  { accountId, at, minVersion }: GetBalanceAtRequest,
  reach: Reach,
): {
  query: BalanceAtQuery;
  minVersion: bigint;
} {
  const violations: Violations = [];
  const query = {
    reach,
    accountId: accountIdField(violations, 'account_id', accountId),
    version: at?.$case === 'version' ? at.value : undefined,
    recordedBefore: at?.$case === 'time' ? behind(violations, at.value) : undefined,
  };
  versionField(violations, 'min_version', minVersion);
  if (at === undefined) {
    violations.push({ field: 'at', description: 'is required: time or version' });
  } else if (query.version !== undefined && query.version < 1n) {
    violations.push({ field: 'version', description: 'must be 1 or above' });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return { query, minVersion };
}

/**
 * The first microsecond behind the time, within the years that there are: what was recorded at the
 * time itself counts.
 */
function behind(
  violations: Violations,
  time: Parameters<typeof timeField>[2] & object,
): string | undefined {
  const from = timeField(violations, 'time', time);
  if (from === undefined) return undefined;
  const behindIt = time.nanos % NANOS_A_MICRO === 0 ? from + 1n : from;
  return isoFromMicros(behindIt < MICROS_END ? behindIt : MICROS_END);
}

function notThere({ accountId, version }: BalanceAtQuery, asOfVersion: bigint): Error {
  const message =
    version === undefined
      ? `account ${accountId} was not open at that time`
      : `account ${accountId} has no version ${version} yet: it is at ${asOfVersion}`;
  const metadata = { account_id: accountId, as_of_version: asOfVersion.toString() };
  return refusal(status.NOT_FOUND, 'ACCOUNT_NOT_FOUND', message, { metadata });
}
