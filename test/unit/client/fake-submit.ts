/**
 * The one method of a bank that takes mixed commands and answers each, in memory behind a real gRPC
 * server: stores by index, answers what is stored as a duplicate, and breaks off where a test tells
 * it to.
 */
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { refusal, toServiceError } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import {
  BulkServiceService,
  BulkSubmitResponse,
  type BulkServiceServer,
  type BulkSubmitRequest,
  type CloseSubmissionRequest,
} from '#proto/bank/v1/bulk_service.ts';

export type FakeSubmit = {
  readonly client: BankClient;
  readonly stored: Set<number>;
  readonly messages: BulkSubmitRequest[];
  streams: number;
  closedAt: bigint | undefined;
  /** Asked before each item is answered: a status ends the stream there. */
  onItem: (stream: number, index: number) => Error | undefined;
  /** Ends each stream as if all were answered, before this item. */
  endsBefore: number | undefined;
  close(): Promise<void>;
};

type Call = ServerDuplexStream<BulkSubmitRequest, BulkSubmitResponse>;

const CLOSE_MS = 500;

export async function startFakeSubmit(): Promise<FakeSubmit> {
  const { server, serve, drain } = createGrpcServer({ log: silentLogger });
  const bulk: Partial<BulkServiceServer> = {
    bulkSubmit: (call) => void answerItems(bank, call),
    closeSubmission: unary(silentLogger, ({ endItemIndex }: CloseSubmissionRequest) => {
      if (endItemIndex !== BigInt(bank.stored.size)) {
        throw refusal(status.FAILED_PRECONDITION, 'SUBMISSION_INCOMPLETE', 'another end');
      }
      bank.closedAt = endItemIndex;
      return Promise.resolve({ submission: undefined });
    }),
  };
  server.addService(BulkServiceService, unimplemented(BulkServiceService, bulk));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  const bank: FakeSubmit = {
    client: createBankClient({ command: [address], query: [address], projector: [address] }),
    stored: new Set(),
    messages: [],
    streams: 0,
    closedAt: undefined,
    onItem: () => undefined,
    endsBefore: undefined,
    close: async () => {
      bank.client.close();
      await drain(CLOSE_MS);
    },
  };
  return bank;
}

async function answerItems(bank: FakeSubmit, call: Call): Promise<void> {
  const stream = bank.streams++;
  try {
    let index = 0;
    // A call that was destroyed carries no status.
    const messages: AsyncIterable<BulkSubmitRequest> = call.iterator({ destroyOnReturn: false });
    for await (const message of messages) {
      bank.messages.push(message);
      index = Number(message.firstItemIndex ?? index);
      for (let count = message.operations.length; count > 0; count -= 1) {
        if (index === bank.endsBefore) {
          call.end();
          return;
        }
        const error = bank.onItem(stream, index);
        if (error !== undefined) throw error;
        const duplicate = bank.stored.has(index);
        bank.stored.add(index);
        const results = [{ itemIndex: BigInt(index), duplicate, outcome: undefined }];
        call.write(BulkSubmitResponse.fromPartial({ results }));
        index += 1;
      }
    }
    call.end();
  } catch (error) {
    call.emit('error', toServiceError(error, silentLogger));
  }
}
