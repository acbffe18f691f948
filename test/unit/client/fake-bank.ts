/**
 * A bank in memory behind a real gRPC server on a free port: takes uploads and feeds
 * acknowledgements, and breaks off where a test tells it to. For tests of the client alone.
 */
import { status, type ServerReadableStream, type ServerWritableStream } from '@grpc/grpc-js';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { refusal, toServiceError } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import {
  BulkDepositResponse,
  BulkServiceService,
  type BulkDepositRequest,
  type BulkServiceServer,
  type CloseSubmissionRequest,
  type DepositItem,
  type GetSubmissionRequest,
} from '#proto/bank/v1/bulk_service.ts';
import {
  ProjectorServiceService,
  StreamAcknowledgementsResponse,
  type ProjectorServiceServer,
  type StreamAcknowledgementsRequest,
} from '#proto/bank/v1/projector_service.ts';
import { Submission, SubmissionState } from '#proto/bank/v1/submission.ts';

export type FakeBank = {
  readonly client: BankClient;
  /** What is stored, by index: how often it was sent and stored anew must be once. */
  readonly stored: Map<number, DepositItem>;
  /** Each message of each stream. */
  readonly messages: BulkDepositRequest[];
  readonly feeds: StreamAcknowledgementsRequest[];
  /**
   * Asked before each message is taken: a status ends the stream, with the message stored in part.
   */
  onMessage: (stream: number, message: number) => Promise<Error | undefined> | Error | undefined;
  /** Asked before each close and each question for the submission: a status is the answer. */
  onCall: (method: 'close' | 'get') => Error | undefined;
  /** The answers of each feed; an error ends it. */
  feed: (request: StreamAcknowledgementsRequest, feed: number) => Iterable<FeedAnswer>;
  streams: number;
  isClosed: boolean;
  close(): Promise<void>;
};

export type FeedAnswer = Partial<StreamAcknowledgementsResponse> | Error;

const CLOSE_MS = 500;
const NOBODY = '127.0.0.1:1';

export function unavailable(reason = 'EVENT_STORE_UNAVAILABLE', retryAfterMs = 1): Error {
  return refusal(status.UNAVAILABLE, reason, 'try again', { retryAfterMs });
}

export async function startFakeBank(): Promise<FakeBank> {
  const { server, serve, drain } = createGrpcServer({ log: silentLogger });
  const bank: FakeBank = {
    client: createBankClient({ command: [NOBODY], query: [NOBODY], projector: [NOBODY] }),
    stored: new Map(),
    messages: [],
    feeds: [],
    onMessage: () => undefined,
    onCall: () => undefined,
    feed: () => [],
    streams: 0,
    isClosed: false,
    close: async () => {
      bank.client.close();
      await drain(CLOSE_MS);
    },
  };
  const bulk: Partial<BulkServiceServer> = {
    bulkDeposit: (call, callback) => {
      takeDeposits(bank, call).then(
        (response) => callback(null, response),
        (error: unknown) => callback(toServiceError(error, silentLogger)),
      );
    },
    closeSubmission: unary(silentLogger, (request: CloseSubmissionRequest) => {
      const refused = bank.onCall('close');
      if (refused !== undefined) throw refused;
      if (request.endItemIndex !== BigInt(bank.stored.size)) {
        throw refusal(status.FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', 'another end');
      }
      const { items = request.endItemIndex } = request.controlTotals ?? {};
      if (items !== request.endItemIndex) {
        throw refusal(status.FAILED_PRECONDITION, 'CONTROL_TOTALS_MISMATCH', 'other totals');
      }
      bank.isClosed = true;
      return Promise.resolve({ submission: submissionOf(bank, request.submissionId) });
    }),
    getSubmission: unary(silentLogger, ({ submissionId }: GetSubmissionRequest) => {
      const refused = bank.onCall('get');
      if (refused !== undefined) throw refused;
      if (bank.streams === 0) {
        throw refusal(status.NOT_FOUND, 'SUBMISSION_NOT_FOUND', 'there is none');
      }
      return Promise.resolve({ submission: submissionOf(bank, submissionId) });
    }),
  };
  const projector: Partial<ProjectorServiceServer> = {
    streamAcknowledgements: (call) => void sendFeed(bank, call),
  };
  server.addService(BulkServiceService, unimplemented(BulkServiceService, bulk));
  server.addService(ProjectorServiceService, unimplemented(ProjectorServiceService, projector));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  bank.client.close();
  const client = createBankClient({ command: [address], query: [address], projector: [address] });
  return Object.assign(bank, { client });
}

async function takeDeposits(
  bank: FakeBank,
  call: ServerReadableStream<BulkDepositRequest, BulkDepositResponse>,
): Promise<BulkDepositResponse> {
  const stream = bank.streams++;
  let next = 0;
  let count = 0;
  let leaveOpen = false;
  const messages: AsyncIterable<BulkDepositRequest> = call;
  for await (const message of messages) {
    bank.messages.push(message);
    const error = await bank.onMessage(stream, count++);
    leaveOpen ||= message.options?.leaveOpen === true;
    next = Number(message.firstItemIndex ?? next);
    for (const deposit of message.deposits) {
      if (error !== undefined && next % 3 === 0) next++;
      else bank.stored.set(next++, deposit);
    }
    if (error !== undefined) throw error;
  }
  bank.isClosed = !leaveOpen;
  const submission = submissionOf(bank, 's');
  return BulkDepositResponse.fromPartial({ receipt: { submission } });
}

function submissionOf({ stored, isClosed }: FakeBank, submissionId: string): Submission {
  const end = Math.max(-1, ...stored.keys()) + 1;
  const gaps = Array.from({ length: end }, (_, n) => n).filter((n) => !stored.has(n));
  const { SUBMISSION_STATE_CLOSED, SUBMISSION_STATE_OPEN } = SubmissionState;
  return Submission.fromPartial({
    submissionId,
    state: isClosed ? SUBMISSION_STATE_CLOSED : SUBMISSION_STATE_OPEN,
    accepted: BigInt(stored.size),
    nextItemIndex: BigInt(gaps[0] ?? end),
    missing: gaps.slice(0, 100).map((n) => ({
      firstItemIndex: BigInt(n),
      endItemIndex: BigInt(n + 1),
    })),
  });
}

async function sendFeed(
  bank: FakeBank,
  call: ServerWritableStream<StreamAcknowledgementsRequest, StreamAcknowledgementsResponse>,
): Promise<void> {
  bank.feeds.push(call.request);
  for (const answer of bank.feed(call.request, bank.feeds.length - 1)) {
    await new Promise((resolve) => setImmediate(resolve));
    if (answer instanceof Error) {
      call.emit('error', toServiceError(answer, silentLogger));
      return;
    }
    call.write(StreamAcknowledgementsResponse.fromPartial(answer));
  }
  call.end();
}
