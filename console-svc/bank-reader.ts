/**
 * What the pages ask of the bank, on behalf of who looks: reads only, each with that person's token
 * and a deadline. The service that it is part of has no rights of its own: without a token a call
 * carries none. A call never throws: its fault is part of the answer.
 */
import { Metadata, status } from '@grpc/grpc-js';
import type { BankClient } from '#client/bank-client.ts';
import { callFault, type CallFault } from '#client/call-fault.ts';
import { resumedStream } from '#client/resumed-stream.ts';
import { unaryCall, type GrpcMethod } from '#client/unary-call.ts';
import type {
  GetAccountResponse,
  GetBalanceAtResponse,
  ListAccountsRequest,
  ListAccountsResponse,
  ListEntriesResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { ListEntriesRequest, ListOrder } from '#proto/bank/v1/account_query_service.ts';
import type { GetBulkModeResponse } from '#proto/bank/v1/bulk_mode_service.ts';
import type {
  GetSubmissionResponse,
  ListRejectionsRequest,
  ListRejectionsResponse,
  ListSubmissionsRequest,
  ListSubmissionsResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type {
  GetProjectionStatusResponse,
  ListDeadLettersRequest,
  ListDeadLettersResponse,
  StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';

export type Outcome<T> =
  | { readonly value: T; readonly fault?: undefined }
  | { readonly value?: undefined; readonly fault: CallFault };

export type EntriesPage = Pick<ListEntriesRequest, 'accountId' | 'pageSize' | 'pageToken'>;

export type BankReader = {
  projectionStatus(): Promise<Outcome<GetProjectionStatusResponse>>;
  bulkMode(): Promise<Outcome<GetBulkModeResponse>>;
  submissions(page: ListSubmissionsRequest): Promise<Outcome<ListSubmissionsResponse>>;
  submission(submissionId: string): Promise<Outcome<GetSubmissionResponse>>;
  rejections(page: ListRejectionsRequest): Promise<Outcome<ListRejectionsResponse>>;
  deadLetters(page: ListDeadLettersRequest): Promise<Outcome<ListDeadLettersResponse>>;
  account(accountId: string): Promise<Outcome<GetAccountResponse>>;
  accounts(page: ListAccountsRequest): Promise<Outcome<ListAccountsResponse>>;
  /** Newest first. */
  entries(page: EntriesPage): Promise<Outcome<ListEntriesResponse>>;
  balanceAt(accountId: string, time: Timestamp): Promise<Outcome<GetBalanceAtResponse>>;
  /** Throws what the stream ended with. */
  acknowledgements(
    submissionId: string,
    signal: AbortSignal,
  ): AsyncGenerator<StreamAcknowledgementsResponse, void, void>;
};

/**
 * Each call takes the clients that `bank` has then. `token`: of who looks; undefined: nobody is
 * asked who it is.
 */
export function bankReader(
  bank: BankClient,
  token: string | undefined,
  deadlineMs: number,
): BankReader {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const ask = async <Request, Response>(
    method: GrpcMethod<Request, Response>,
    request: Request,
  ): Promise<Outcome<Response>> => {
    try {
      return { value: await unaryCall(method, request, { deadlineMs, metadata }) };
    } catch (error) {
      return { fault: callFault(error) };
    }
  };
  return {
    projectionStatus: () => ask(bank.projector.getProjectionStatus.bind(bank.projector), {}),
    bulkMode: () => ask(bank.bulkMode.getBulkMode.bind(bank.bulkMode), {}),
    submissions: (page) => ask(bank.bulk.listSubmissions.bind(bank.bulk), page),
    submission: (submissionId) => ask(bank.bulk.getSubmission.bind(bank.bulk), { submissionId }),
    rejections: (page) => ask(bank.bulk.listRejections.bind(bank.bulk), page),
    deadLetters: (page) => ask(bank.projector.listDeadLetters.bind(bank.projector), page),
    account: (accountId) =>
      ask(bank.queries.getAccount.bind(bank.queries), { accountId, minVersion: 0n }),
    accounts: (page) => ask(bank.queries.listAccounts.bind(bank.queries), page),
    entries: (page) => {
      const order = ListOrder.LIST_ORDER_DESCENDING;
      return ask(
        bank.queries.listEntries.bind(bank.queries),
        ListEntriesRequest.create({ ...page, order }),
      );
    },
    balanceAt: (accountId, value) =>
      ask(bank.queries.getBalanceAt.bind(bank.queries), {
        accountId,
        at: { $case: 'time', value },
        minVersion: 0n,
      }),
    acknowledgements: (submissionId, signal) =>
      resumedStream<StreamAcknowledgementsResponse>({
        what: `acknowledgements of ${submissionId}`,
        signal,
        open: (resumeToken) =>
          bank.projector.streamAcknowledgements(
            { submissionId, resumeToken, includeItemIndexes: false },
            metadata,
          ),
        isLast: ({ progress }) => progress?.complete === true,
      }),
  };
}

/** Why the token is not taken; undefined: it is. */
export function signedOutBy(outcomes: readonly Outcome<unknown>[]): string | undefined {
  const refused = outcomes.find(({ fault }) => fault?.code === status.UNAUTHENTICATED);
  return refused?.fault?.message;
}
