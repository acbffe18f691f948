/**
 * BatchGetAccounts: up to 1,000 accounts in one answer, each at least as of the version that the
 * caller names for it, and the names of those that do not exist.
 */
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import type { CallContext } from '#platform/unary.ts';
import type {
  BatchGetAccountsRequest,
  BatchGetAccountsResponse,
} from '#proto/bank/v1/account_query_service.ts';
import type { QueryContext } from './account-reader.ts';
import { accountMessage } from './account-view.ts';
import { BATCH_ACCOUNTS_MAX } from './config.ts';
import { accountIdField, countField, versionField } from './request-fields.ts';

export function batchGetAccountsOf({ reader }: QueryContext) {
  return async (
    request: BatchGetAccountsRequest,
    call: CallContext,
  ): Promise<BatchGetAccountsResponse> => {
    const wanted = checkRequest(request);
    const found = await reader.read(wanted, call);
    const known = [...wanted.keys()].flatMap((accountId) => found.get(accountId) ?? []);
    return {
      accounts: known.map(accountMessage),
      missingAccountIds: [...wanted.keys()].filter((accountId) => !found.has(accountId)),
    };
  };
}

/** The least version of each account, in the order of the request. */
function checkRequest({ accountIds, minVersions }: BatchGetAccountsRequest): Map<string, bigint> {
  const violations: FieldViolation[] = [];
  if (accountIds.length === 0 || accountIds.length > BATCH_ACCOUNTS_MAX) {
    const description = `must hold 1 to ${BATCH_ACCOUNTS_MAX} accounts, not ${accountIds.length}`;
    throw invalidArgument([{ field: 'account_ids', description }]);
  }
  const versions = Object.entries(minVersions);
  countField(violations, 'min_versions', versions.length, BATCH_ACCOUNTS_MAX);
  if (violations.length > 0) throw invalidArgument(violations);
  const wanted = new Map<string, bigint>();
  accountIds.forEach((text, place) => {
    wanted.set(accountIdField(violations, `account_ids[${place}]`, text), 0n);
  });
  for (const [text, minVersion] of versions) {
    const field = `min_versions[${text}]`;
    const accountId = accountIdField(violations, field, text);
    if (accountId !== '' && !wanted.has(accountId)) {
      violations.push({ field, description: 'must be among account_ids' });
    }
    // One account may be named in both spellings: the newer version counts.
    const version = versionField(violations, field, minVersion);
    const before = wanted.get(accountId) ?? 0n;
    wanted.set(accountId, version > before ? version : before);
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return wanted;
}
