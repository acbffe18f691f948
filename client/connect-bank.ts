/**
 * The bank as its callers use it: every method of the contract as a promise or an async iterator,
 * over one channel to the replicas of each service. Calls go round the replicas, have a deadline,
 * and are tried again where the contract says that twice does no harm; streams go on where they
 * broke. What fails for good is a BankError.
 */
import type { BankAccess, ClientTls } from './bank-access.ts';
import { createBankClient, type BankClient } from './bank-client.ts';
import { followAcknowledgements, type FollowRequest } from './acknowledgements.ts';
import { readAccountEvents, type AccountEventsOptions } from './account-events.ts';
import { followStatement, type StatementRequest } from './account-statement.ts';
import { bankError, withBankErrors } from './bank-error.ts';
import { uploadAccounts, uploadDeposits } from './bulk-upload.ts';
import { followEvents, type EventFeedRequest } from './event-feed.ts';
import { submitOperations, type SubmitOptions } from './operation-stream.ts';
import { followReconciliation, type ReconcileOptions } from './reconciliation.ts';
import type { ResumeOptions } from './resumed-stream.ts';
import { reverseSubmission, type ReversalRequest } from './submission-reversal.ts';
import { unaryMethods, type Wanted } from './unary-methods.ts';
import type { Items } from './upload-parts.ts';
import { startUpload, type UploadRunOptions } from './upload-run.ts';
import { followVerification, type VerificationOptions } from './verification.ts';
import { followAccount, type WatchOptions } from './watch-account.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { Operation } from '#proto/bank/v1/operation.ts';

export type ConnectOptions = {
  /**
   * host:port of command-svc, query-svc and projector-svc. A name stands for all of its addresses;
   * several addresses of a service are IP addresses. Default: localhost, 50051, 50052 and 50053.
   */
  readonly command?: string | readonly string[];
  readonly query?: string | readonly string[];
  readonly projector?: string | readonly string[];
  /** true: TLS by the authorities that Node knows. Default: plaintext. */
  readonly tls?: true | ClientTls;
  /** The bearer token, or what answers the one of the next call. */
  readonly token?: string | (() => string);
};

export type Bank = ReturnType<typeof connectBank>;

/** Nothing is connected before the first call. */
export function connectBank(options: ConnectOptions = {}) {
  const client = createBankClient(addressesOf(options), accessOf(options));
  return { ...unaryMethods(client), ...uploads(client), ...feeds(client), close: client.close };
}

function uploads(client: BankClient) {
  return {
    /** Deposits of any iterable; see UploadRun for what comes back. */
    bulkDeposit: (source: Items<Wanted<DepositItem>>, options: UploadRunOptions) =>
      startUpload(client, DEPOSITS, wholeItems<DepositItem>(source, DepositItem), options),
    /** The same for accounts to open. */
    bulkOpenAccounts: (source: Items<Wanted<OpenAccountRequest>>, options: UploadRunOptions) =>
      startUpload(
        client,
        ACCOUNTS,
        wholeItems<OpenAccountRequest>(source, OpenAccountRequest),
        options,
      ),
    /** Commands of any kind; what became of each comes back while others are still sent. */
    bulkSubmit: (source: Items<Wanted<Operation>>, options: SubmitOptions) =>
      withBankErrors(
        'BulkSubmit',
        submitOperations(client.bulk, wholeItems<Operation>(source, Operation), options),
      ),
    reverseSubmission: async (request: ReversalRequest) => {
      try {
        return await reverseSubmission(client.bulk, request);
      } catch (error) {
        throw bankError('ReverseSubmission', error);
      }
    },
  };
}

function feeds({ queries, eventLog, projector }: BankClient) {
  return {
    /** The account as it is, then each change; without an end. */
    watchAccount: (accountId: string, options?: WatchOptions) =>
      withBankErrors('WatchAccount', followAccount(queries, accountId, options)),
    /** The opening, the entries, the closing. */
    exportStatement: (request: StatementRequest, options?: ResumeOptions) =>
      withBankErrors('ExportStatement', followStatement(queries, request, options)),
    /** The events of one account, up to the newest. */
    readAccountEvents: (accountId: string, options?: AccountEventsOptions) =>
      withBankErrors('ReadAccountEvents', readAccountEvents(eventLog, accountId, options)),
    /** Every event of every account; without an end. */
    subscribeToEvents: (request?: EventFeedRequest) =>
      withBankErrors('SubscribeToEvents', followEvents(eventLog, request)),
    verifyEvents: (options?: VerificationOptions) =>
      withBankErrors('VerifyEvents', followVerification(eventLog, options)),
    /** The acknowledgements of a submission, whoever sends it, to its end. */
    streamAcknowledgements: (request: FollowRequest) =>
      withBankErrors('StreamAcknowledgements', followAcknowledgements(projector, request)),
    reconcile: (options?: ReconcileOptions) =>
      withBankErrors('Reconcile', followReconciliation(projector, options)),
  };
}

const DEPOSITS = { method: 'BulkDeposit', upload: uploadDeposits };
const ACCOUNTS = { method: 'BulkOpenAccounts', upload: uploadAccounts };

/** Items with all fields, of such as leave out what is empty. */
function wholeItems<Item>(
  source: Items<Wanted<Item>>,
  type: { fromPartial: (object: Wanted<Item>) => Item },
): Items<Item> {
  const whole = async function* (items: Iterable<Wanted<Item>> | AsyncIterable<Wanted<Item>>) {
    for await (const item of items) yield type.fromPartial(item);
  };
  return typeof source === 'function' ? (from) => whole(source(from)) : whole(source);
}

function addressesOf({
  command = 'localhost:50051',
  query = 'localhost:50052',
  projector = 'localhost:50053',
}: ConnectOptions) {
  return { command: [command].flat(), query: [query].flat(), projector: [projector].flat() };
}

function accessOf({ tls, token }: ConnectOptions): BankAccess {
  return {
    tls: tls === true ? {} : tls,
    token: typeof token === 'string' ? () => token : token,
  };
}
