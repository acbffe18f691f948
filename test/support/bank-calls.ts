/**
 * The calls of the contract as tests make them: payroll items to messages, one upload stream under
 * the test's control (where it starts, how large its messages are, what happens between them), and
 * a feed read to its end. Retries are the test's own business here; what the client library does by
 * itself is tested through it.
 */
import { Metadata } from '@grpc/grpc-js';
import { followAcknowledgements } from '#client/acknowledgements.ts';
import type { BankClient } from '#client/bank-client.ts';
import { callFault, type CallFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import {
  UploadOptions,
  type BulkDepositRequest,
  type DepositItem,
} from '#proto/bank/v1/bulk_service.ts';
import type { StreamAcknowledgementsResponse } from '#proto/bank/v1/projector_service.ts';
import type { BulkReceipt, Submission } from '#proto/bank/v1/submission.ts';
import type { Payroll, PayrollAccount, PayrollItem } from '#test/support/payroll.ts';

export type DepositStream = {
  submissionId: string;
  items: readonly PayrollItem[];
  /** The part of the items that this stream sends; all of them when left out. */
  from?: number;
  end?: number;
  messageItems?: number;
  /** Of the first message. */
  options?: Partial<UploadOptions>;
  /** Sends an empty message first: it opens the stream's claim and nothing more. */
  emptyFirst?: boolean;
  /**
   * Runs before each message is sent: a place to wait, to count, to make trouble. The empty first
   * message has no index.
   */
  beforeMessage?: (firstIndex: number | undefined) => Promise<void> | void;
  metadata?: Metadata;
};

const MESSAGE_ITEMS = 250;
const CALL_DEADLINE_MS = 60_000;

/** Sends, half-closes and answers the receipt; throws what the stream ended with. */
export function sendDeposits(client: BankClient, stream: DepositStream): Promise<BulkReceipt> {
  return watched(sendAll(client, stream));
}

async function sendAll(client: BankClient, stream: DepositStream): Promise<BulkReceipt> {
  const { promise, resolve, reject } = Promise.withResolvers<BulkReceipt>();
  let ended = false;
  let wake = (): void => undefined;
  const call = client.bulk.bulkDeposit(
    stream.metadata ?? new Metadata(),
    { deadline: Date.now() + CALL_DEADLINE_MS },
    (error, response) => {
      ended = true;
      wake();
      if (error !== null) reject(error);
      else if (response.receipt === undefined) reject(new Error('an answer without a receipt'));
      else resolve(response.receipt);
    },
  );
  call.on('error', reject);
  call.on('drain', () => wake());
  promise.catch(() => undefined); // Awaited below; it may fail while a message is still being sent.
  try {
    for (const [firstIndex, request] of depositMessages(stream)) {
      await stream.beforeMessage?.(firstIndex);
      if (ended) break;
      if (!call.write(request)) await new Promise<void>((resume) => (wake = resume));
    }
    if (!ended) call.end();
    return await promise;
  } catch (error) {
    call.cancel();
    throw error;
  }
}

function* depositMessages(
  stream: DepositStream,
): Generator<[number | undefined, BulkDepositRequest]> {
  const { submissionId, items, from = 0, end = items.length } = stream;
  const size = stream.messageItems ?? MESSAGE_ITEMS;
  let options = stream.options && UploadOptions.fromPartial(stream.options);
  if (stream.emptyFirst === true) {
    yield [undefined, { submissionId, deposits: [], firstItemIndex: undefined, options }];
    options = undefined;
  }
  for (let index = from; index < Math.max(end, from + 1); index += size) {
    const deposits = items.slice(index, Math.min(index + size, end)).map(depositItem);
    yield [index, { submissionId, deposits, firstItemIndex: BigInt(index), options }];
    options = undefined;
  }
}

export function depositItem(item: PayrollItem): DepositItem {
  const { accountId, currencyCode, amountMinor, operationId, reference, valueDate } = item;
  const amount = { currencyCode, minorUnits: amountMinor };
  return { accountId, amount, operationId, reference, valueDate };
}

/** Opens the payroll's accounts through a submission of their own. */
export async function openAccounts(client: BankClient, payroll: Payroll): Promise<BulkReceipt> {
  const receipt = await new Promise<BulkReceipt | undefined>((resolve, reject) => {
    const deadline = Date.now() + CALL_DEADLINE_MS;
    const call = client.bulk.bulkOpenAccounts(new Metadata(), { deadline }, (error, response) =>
      error === null ? resolve(response.receipt) : reject(error),
    );
    call.on('error', reject);
    const submissionId = `${payroll.submissionId}-accounts`;
    for (let index = 0; index < payroll.accounts.length; index += MESSAGE_ITEMS) {
      const accounts = payroll.accounts.slice(index, index + MESSAGE_ITEMS).map(openAccountRequest);
      const firstItemIndex = BigInt(index);
      call.write({ submissionId, accounts, firstItemIndex, options: undefined });
    }
    call.end();
  });
  if (receipt?.accepted !== BigInt(payroll.accounts.length)) {
    const first = receipt?.firstRejections[0];
    throw new Error(`opened ${receipt?.accepted} accounts: ${first?.reason} ${first?.message}`);
  }
  return receipt;
}

export function openAccountRequest(account: PayrollAccount): OpenAccountRequest {
  return OpenAccountRequest.fromPartial(account);
}

/** Reads a submission's feed until it is complete, over as many streams as it takes. */
export function readFeed(
  client: BankClient,
  submissionId: string,
  options: { resumeToken?: string; signal?: AbortSignal } = {},
): Promise<StreamAcknowledgementsResponse[]> {
  return watched(readAll(client, submissionId, options));
}

async function readAll(
  client: BankClient,
  submissionId: string,
  options: { resumeToken?: string; signal?: AbortSignal },
): Promise<StreamAcknowledgementsResponse[]> {
  const received: StreamAcknowledgementsResponse[] = [];
  const signal = options.signal ?? AbortSignal.timeout(CALL_DEADLINE_MS);
  const request = { ...options, submissionId, includeItemIndexes: true, signal };
  for await (const message of followAcknowledgements(client.projector, request)) {
    received.push(message);
  }
  return received;
}

export async function getSubmission(client: BankClient, submissionId: string): Promise<Submission> {
  const { submission } = await unaryCall(client.bulk.getSubmission.bind(client.bulk), {
    submissionId,
  });
  if (submission === undefined) throw new Error('an answer without a submission');
  return submission;
}

/** A call that runs beside its test: when the test fails first, its failure is not another one. */
function watched<T>(call: Promise<T>): Promise<T> {
  call.catch(() => undefined);
  return call;
}

/** How a call that must fail has failed; throws when it did not. */
export async function faultOf(call: Promise<unknown>): Promise<CallFault> {
  try {
    await call;
  } catch (error) {
    return callFault(error);
  }
  throw new Error('the call should have failed, but was answered');
}
