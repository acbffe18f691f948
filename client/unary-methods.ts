/**
 * The unary methods of the contract as promises: a request may leave out what is empty, the answer
 * is the contract's own message, and what fails is a BankError. The channel's service config
 * retries them, a deadline bounds their time; a command without an operation id gets one before.
 */
import type { Client } from '@grpc/grpc-js';
import * as commands from '#proto/bank/v1/account_command_service.ts';
import * as queries from '#proto/bank/v1/account_query_service.ts';
import * as mode from '#proto/bank/v1/bulk_mode_service.ts';
import * as bulk from '#proto/bank/v1/bulk_service.ts';
import * as projector from '#proto/bank/v1/projector_service.ts';
import { bankError } from './bank-error.ts';
import type { BankClient } from './bank-client.ts';
import { unaryCall, type CallOptions, type GrpcMethod } from './unary-call.ts';

export type { CallOptions } from './unary-call.ts';

/** A request of which all that is empty may be left out. */
export type Wanted<T> = bulk.DeepPartial<T>;

export type UnaryMethod<Request, Response> = (
  request: Wanted<Request>,
  options?: CallOptions,
) => Promise<Response>;

/** What of a method's definition and its request's codec a call needs. */
type Definition<Request, Response> = {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
};
type RequestType<Request> = { fromPartial: (object: Wanted<Request>) => Request };

export type UnaryMethods = ReturnType<typeof unaryMethods>;

export function unaryMethods(client: BankClient) {
  return {
    ...accountMethods(client.accounts),
    ...bulkMethods(client.bulk),
    ...modeMethods(client.bulkMode),
    ...queryMethods(client.queries),
    ...projectorMethods(client.projector),
  };
}

function accountMethods(to: Client) {
  const of = commands.AccountCommandServiceService;
  return {
    openAccount: unary(to, of.openAccount, commands.OpenAccountRequest),
    deposit: unary(to, of.deposit, commands.DepositRequest),
    withdraw: unary(to, of.withdraw, commands.WithdrawRequest),
    transfer: unary(to, of.transfer, commands.TransferRequest),
    placeHold: unary(to, of.placeHold, commands.PlaceHoldRequest),
    captureHold: unary(to, of.captureHold, commands.CaptureHoldRequest),
    releaseHold: unary(to, of.releaseHold, commands.ReleaseHoldRequest),
    setOverdraftLimit: unary(to, of.setOverdraftLimit, commands.SetOverdraftLimitRequest),
    freezeAccount: unary(to, of.freezeAccount, commands.FreezeAccountRequest),
    unfreezeAccount: unary(to, of.unfreezeAccount, commands.UnfreezeAccountRequest),
    closeAccount: unary(to, of.closeAccount, commands.CloseAccountRequest),
    reverseOperation: unary(to, of.reverseOperation, commands.ReverseOperationRequest),
    getOperation: unary(to, of.getOperation, commands.GetOperationRequest),
    eraseOwner: unary(to, of.eraseOwner, commands.EraseOwnerRequest),
  };
}

/** ReverseSubmission goes on where a call of it broke: it is a method of Bank. */
function bulkMethods(to: Client) {
  const of = bulk.BulkServiceService;
  return {
    submitBatch: unary(to, of.submitBatch, bulk.SubmitBatchRequest),
    closeSubmission: unary(to, of.closeSubmission, bulk.CloseSubmissionRequest),
    getSubmission: unary(to, of.getSubmission, bulk.GetSubmissionRequest),
    listSubmissions: unary(to, of.listSubmissions, bulk.ListSubmissionsRequest),
    listRejections: unary(to, of.listRejections, bulk.ListRejectionsRequest),
    listItemResults: unary(to, of.listItemResults, bulk.ListItemResultsRequest),
  };
}

function modeMethods(to: Client) {
  const of = mode.BulkModeServiceService;
  return {
    startBulkMode: unary(to, of.startBulkMode, mode.StartBulkModeRequest),
    renewBulkMode: unary(to, of.renewBulkMode, mode.RenewBulkModeRequest),
    endBulkMode: unary(to, of.endBulkMode, mode.EndBulkModeRequest),
    getBulkMode: unary(to, of.getBulkMode, mode.GetBulkModeRequest),
  };
}

function queryMethods(to: Client) {
  const of = queries.AccountQueryServiceService;
  return {
    getAccount: unary(to, of.getAccount, queries.GetAccountRequest),
    batchGetAccounts: unary(to, of.batchGetAccounts, queries.BatchGetAccountsRequest),
    listAccounts: unary(to, of.listAccounts, queries.ListAccountsRequest),
    listEntries: unary(to, of.listEntries, queries.ListEntriesRequest),
    getBalanceAt: unary(to, of.getBalanceAt, queries.GetBalanceAtRequest),
  };
}

function projectorMethods(to: Client) {
  const of = projector.ProjectorServiceService;
  return {
    getProjectionStatus: unary(to, of.getProjectionStatus, projector.GetProjectionStatusRequest),
    listDeadLetters: unary(to, of.listDeadLetters, projector.ListDeadLettersRequest),
    retryDeadLetters: unary(to, of.retryDeadLetters, projector.RetryDeadLettersRequest),
    startRebuild: unary(to, of.startRebuild, projector.StartRebuildRequest),
    stopRebuild: unary(to, of.stopRebuild, projector.StopRebuildRequest),
    getRebuild: unary(to, of.getRebuild, projector.GetRebuildRequest),
    swapRebuild: unary(to, of.swapRebuild, projector.SwapRebuildRequest),
    dropRebuild: unary(to, of.dropRebuild, projector.DropRebuildRequest),
  };
}

function unary<Request, Response>(
  client: Client,
  definition: Definition<Request, Response>,
  type: RequestType<Request>,
): UnaryMethod<Request, Response> {
  const { path, requestSerialize, responseDeserialize } = definition;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const method: GrpcMethod<Request, Response> = (...call) =>
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, ...call);
  return async (request, options) => {
    try {
      return await unaryCall(method, type.fromPartial(request), options);
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw bankError(name, error);
    }
  };
}
