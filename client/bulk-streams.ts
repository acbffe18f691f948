/**
 * One upload stream of the contract, behind one shape for every kind of item: send with back-
 * pressure, finish, cancel. A stream that the service has ended takes nothing more: send answers
 * false, and finish tells why.
 */
import { Metadata, type ClientWritableStream, type ServiceError } from '@grpc/grpc-js';
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { BulkServiceClient, DepositItem, UploadOptions } from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import type { ItemMessage } from './bulk-messages.ts';

export type UploadStream<Item> = {
  /** Resolves when the next message may be written; false: the service has ended the stream. */
  send(message: ItemMessage<Item>): Promise<boolean>;
  /** What `work` answers; undefined as soon as the stream has ended, whatever comes of `work`. */
  unlessEnded<T>(work: Promise<T>): Promise<T | undefined>;
  /**
   * Half-closes and waits for the receipt. A stream without items sends one empty message, placed
   * at `emptyAt`: nobody else's index is taken by it.
   */
  finish(emptyAt?: number): Promise<BulkReceipt>;
  cancel(): void;
};

/** What a stream says of itself in its first message. */
export type StreamOpening = {
  readonly submissionId: string;
  readonly leaveOpen: boolean;
  /** Of a part that travels beside others: the index after its last item. */
  readonly endItemIndex?: bigint | undefined;
};

export type UploadStreams<Item> = {
  readonly open: (opening: StreamOpening, signal?: AbortSignal) => UploadStream<Item>;
  readonly bytesOf: (item: Item) => number;
};

/** What the messages of all upload streams have in common. */
type Envelope = {
  submissionId: string;
  firstItemIndex: bigint | undefined;
  options: UploadOptions | undefined;
};

type Answer = { receipt: BulkReceipt | undefined };
type Callback = (error: ServiceError | null, response: Answer | undefined) => void;

export function depositStreams(bulk: BulkServiceClient): UploadStreams<DepositItem> {
  return {
    bytesOf: depositBytes,
    open: (opening, signal) =>
      openStream(
        (callback: Callback) => bulk.bulkDeposit(new Metadata(), callback),
        (envelope, items: readonly DepositItem[]) => ({ ...envelope, deposits: [...items] }),
        envelopes(opening),
        signal,
      ),
  };
}

export function accountStreams(bulk: BulkServiceClient): UploadStreams<OpenAccountRequest> {
  return {
    bytesOf: accountBytes,
    open: (opening, signal) =>
      openStream(
        (callback: Callback) => bulk.bulkOpenAccounts(new Metadata(), callback),
        (envelope, items: readonly OpenAccountRequest[]) => ({ ...envelope, accounts: [...items] }),
        envelopes(opening),
        signal,
      ),
  };
}

function openStream<Item, Request>(
  open: (callback: Callback) => ClientWritableStream<Request>,
  build: (envelope: Envelope, items: readonly Item[]) => Request,
  nextEnvelope: (firstIndex: number | undefined) => Envelope,
  signal: AbortSignal | undefined,
): UploadStream<Item> {
  const cancel = () => call.cancel();
  let ended = false;
  let empty = true;
  let wake: () => void = ignore;
  let cut: () => void = ignore;
  let call: ClientWritableStream<Request>;
  const answered = new Promise<BulkReceipt>((resolve, reject) => {
    call = open((error, response) => {
      ended = true;
      wake();
      cut();
      signal?.removeEventListener('abort', cancel);
      if (error !== null) reject(error);
      else if (response?.receipt !== undefined) resolve(response.receipt);
      else reject(new Error('the stream ended without a receipt'));
    });
    call.on('error', reject);
    call.on('drain', () => wake());
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted === true) cancel();
  });
  answered.catch(ignore);
  const write = async (request: Request) => {
    if (!ended && !call.write(request)) await new Promise<void>((resolve) => (wake = resolve));
    return !ended;
  };
  return {
    send: ({ firstIndex, items }) => {
      empty = false;
      return write(build(nextEnvelope(firstIndex), items));
    },
    // One slot, not a race: that would keep every answer for as long as the stream lives.
    unlessEnded: <T>(work: Promise<T>) =>
      new Promise<T | undefined>((resolve, reject) => {
        cut = () => resolve(undefined);
        if (ended) cut();
        work.then(resolve, reject);
      }),
    finish: async (emptyAt) => {
      if (empty) await write(build(nextEnvelope(emptyAt), []));
      if (!ended) call.end();
      return await answered;
    },
    cancel,
  };
}

/** Every message names the submission; the options stand in a stream's first one. */
function envelopes({
  submissionId,
  leaveOpen,
  endItemIndex,
}: StreamOpening): (firstIndex: number | undefined) => Envelope {
  const says = leaveOpen || endItemIndex !== undefined;
  let first = true;
  return (firstIndex) => {
    const firstItemIndex = firstIndex === undefined ? undefined : BigInt(firstIndex);
    const options = first && says ? { ...NO_OPTIONS, leaveOpen, endItemIndex } : undefined;
    first = false;
    return { submissionId, firstItemIndex, options };
  };
}

const NO_OPTIONS: UploadOptions = {
  endItemIndex: undefined,
  leaveOpen: false,
  controlTotals: undefined,
  validateOnly: false,
};

/** Nobody waits for room; and a stream's outcome is handed out by finish(). */
function ignore(): void {}

/** Tags, lengths and the fixed parts of an item. */
const ITEM_BYTES_FIXED = 64;
const UTF8_BYTES_MAX = 3;

function depositBytes({ accountId, operationId, reference, valueDate }: DepositItem): number {
  const characters = accountId.length + operationId.length + reference.length + valueDate.length;
  return ITEM_BYTES_FIXED + characters * UTF8_BYTES_MAX;
}

function accountBytes({ accountId, operationId, owner, labels }: OpenAccountRequest): number {
  let characters = accountId.length + operationId.length + owner.length;
  for (const [name, value] of Object.entries(labels)) {
    characters += name.length + value.length + ITEM_BYTES_FIXED;
  }
  return ITEM_BYTES_FIXED + characters * UTF8_BYTES_MAX;
}
