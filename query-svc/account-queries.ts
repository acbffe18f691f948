/**
 * The queries of AccountQueryService: the last step of a deposit's way, where a caller sees it.
 * Each handler checks its fields, reads, and builds the answer.
 */
import type { UntypedServiceImplementation, ServiceDefinition } from '@grpc/grpc-js';
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { createServerStreams, type ServerStreams } from '#platform/server-streams.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import {
  AccountQueryServiceService as Service,
  type AccountQueryServiceServer,
  type GetAccountRequest,
  type GetAccountResponse,
} from '#proto/bank/v1/account_query_service.ts';
import type { AccountChanges } from './account-changes.ts';
import { accountNotFound, type QueryContext } from './account-reader.ts';
import { accountMessage } from './account-view.ts';
import { getBalanceAtOf } from './balance-at.ts';
import { batchGetAccountsOf } from './batch-get-accounts.ts';
import { RETRY_AFTER_MS, STATEMENTS, type QueryConfig } from './config.ts';
import { sendsEncoded } from './encoded-messages.ts';
import { listEntriesOf } from './entry-queries.ts';
import { exportStatementOf } from './export-statement.ts';
import { listAccountsOf } from './list-accounts.ts';
import { accountIdField, versionField } from './request-fields.ts';
import { watchAccountOf } from './watch-account.ts';

/** The service, with the streams' messages encoded ahead of their sending. */
export const ACCOUNT_QUERIES: ServiceDefinition = {
  ...Service,
  exportStatement: sendsEncoded(Service.exportStatement),
  watchAccount: sendsEncoded(Service.watchAccount),
};

export function accountQueries(
  context: QueryContext,
  changes: AccountChanges,
  config: Pick<QueryConfig, 'watchersMax' | 'streamAgeMaxMs'>,
): UntypedServiceImplementation {
  const { log } = context;
  const streams = (streamsMax: number): ServerStreams => {
    const limits = { streamsMax, ageMaxMs: config.streamAgeMaxMs, retryAfterMs: RETRY_AFTER_MS };
    return createServerStreams({ ...limits, goOnWith: 'resume_token' }, context);
  };
  const handlers: AccountQueryServiceServer = {
    getAccount: unary(log, getAccountOf(context)),
    batchGetAccounts: unary(log, batchGetAccountsOf(context)),
    listAccounts: unary(log, listAccountsOf(context)),
    listEntries: unary(log, listEntriesOf(context)),
    getBalanceAt: unary(log, getBalanceAtOf(context)),
    exportStatement: exportStatementOf(context, streams(STATEMENTS.streamsMax)),
    watchAccount: watchAccountOf(context, changes, streams(config.watchersMax)),
  };
  return handlers;
}

function getAccountOf({ reader }: QueryContext) {
  return async (request: GetAccountRequest, call: CallContext): Promise<GetAccountResponse> => {
    const violations: FieldViolation[] = [];
    const accountId = accountIdField(violations, 'account_id', request.accountId);
    const minVersion = versionField(violations, 'min_version', request.minVersion);
    if (violations.length > 0) throw invalidArgument(violations);
    const view = (await reader.read(new Map([[accountId, minVersion]]), call)).get(accountId);
    if (view === undefined) throw accountNotFound(accountId);
    return { account: accountMessage(view) };
  };
}
