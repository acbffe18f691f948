/**
 * The queries of AccountQueryService: the last step of a deposit's way, where a caller sees it.
 * Each handler checks its fields, reads, and builds the answer; methods that are not built answer
 * UNIMPLEMENTED.
 */
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { unimplemented } from '#platform/grpc-server.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import {
  AccountQueryServiceService,
  type AccountQueryServiceServer,
  type BatchGetAccountsRequest,
  type BatchGetAccountsResponse,
  type GetAccountRequest,
  type GetAccountResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { accountNotFound, type QueryContext } from './account-reader.ts';
import { accountMessage } from './account-view.ts';
import { BATCH_ACCOUNTS_MAX } from './config.ts';
import { listEntriesOf } from './entry-queries.ts';
import { accountIdField, versionField } from './request-fields.ts';

export function accountQueries(context: QueryContext): ReturnType<typeof unimplemented> {
  const { log } = context;
  const handlers: Partial<AccountQueryServiceServer> = {
    getAccount: unary(log, (request: GetAccountRequest, call) =>
      getAccount(context, request, call),
    ),
    batchGetAccounts: unary(log, (request: BatchGetAccountsRequest, call) =>
      batchGetAccounts(context, request, call),
    ),
    listEntries: unary(log, listEntriesOf(context)),
  };
  return unimplemented(AccountQueryServiceService, handlers);
}

async function getAccount(
  { reader }: QueryContext,
  request: GetAccountRequest,
  call: CallContext,
): Promise<GetAccountResponse> {
  const violations: FieldViolation[] = [];
  const accountId = accountIdField(violations, 'account_id', request.accountId);
  const minVersion = versionField(violations, 'min_version', request.minVersion);
  if (violations.length > 0) throw invalidArgument(violations);
  const view = (await reader.read(new Map([[accountId, minVersion]]), call)).get(accountId);
  if (view === undefined) throw accountNotFound(accountId);
  return { account: accountMessage(view) };
}

async function batchGetAccounts(
  { reader }: QueryContext,
  { accountIds, minVersions }: BatchGetAccountsRequest,
  call: CallContext,
): Promise<BatchGetAccountsResponse> {
  const violations: FieldViolation[] = [];
  if (accountIds.length === 0 || accountIds.length > BATCH_ACCOUNTS_MAX) {
    const description = `must hold 1 to ${BATCH_ACCOUNTS_MAX} accounts, not ${accountIds.length}`;
    throw invalidArgument([{ field: 'account_ids', description }]);
  }
  const wanted = new Map<string, bigint>();
  accountIds.forEach((text, place) => {
    wanted.set(accountIdField(violations, `account_ids[${place}]`, text), 0n);
  });
  for (const [text, minVersion] of Object.entries(minVersions)) {
    const field = `min_versions[${text}]`;
    const accountId = accountIdField(violations, field, text);
    if (!wanted.has(accountId)) {
      violations.push({ field, description: 'must be among account_ids' });
    }
    // One account may be named in both spellings: the newer version counts.
    const version = versionField(violations, field, minVersion);
    const before = wanted.get(accountId) ?? 0n;
    wanted.set(accountId, version > before ? version : before);
  }
  if (violations.length > 0) throw invalidArgument(violations);
  const found = await reader.read(wanted, call);
  const known = [...wanted.keys()].flatMap((accountId) => found.get(accountId) ?? []);
  return {
    accounts: known.map(accountMessage),
    missingAccountIds: [...wanted.keys()].filter((accountId) => !found.has(accountId)),
  };
}
