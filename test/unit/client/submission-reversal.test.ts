/** A reversal that outlives its calls: asked for again while it gets on, and given up when not. */
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { StreamGivenUpError } from '#client/call-fault.ts';
import { reverseSubmission } from '#client/submission-reversal.ts';
import { refusal, RpcError } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import {
  BulkServiceService,
  type GetSubmissionRequest,
  type ReverseSubmissionRequest,
} from '#proto/bank/v1/bulk_service.ts';
import { BulkReceipt, Submission } from '#proto/bank/v1/submission.ts';

const retry = { attempts: 3, attemptsTotal: 30, firstMs: 1, maxMs: 2 };
const request = { submissionId: 'x', reversedSubmissionId: 'y', reason: 'why', retry };

let client: BankClient;
let stop: () => Promise<void>;
/** What each call ends with, and how many items it stores before; then it is complete. */
let calls: { stores: bigint; fails: RpcError }[];
let stored: bigint;
let asked: number;

beforeEach(async () => {
  calls = [];
  stored = 0n;
  asked = 0;
  const { server, serve, drain } = createGrpcServer({ log: silentLogger });
  const handlers = {
    reverseSubmission: unary(silentLogger, ({ submissionId }: ReverseSubmissionRequest) => {
      asked += 1;
      const call = calls.shift();
      if (call === undefined) {
        return Promise.resolve({ receipt: BulkReceipt.fromPartial({ submissionId }) });
      }
      stored += call.stores;
      throw call.fails;
    }),
    getSubmission: unary(silentLogger, ({ submissionId }: GetSubmissionRequest) => {
      const submission = { submissionId, accepted: stored, nextItemIndex: stored };
      return Promise.resolve({ submission: Submission.fromPartial(submission) });
    }),
  };
  server.addService(BulkServiceService, unimplemented(BulkServiceService, handlers));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  client = createBankClient({ command: [address], query: [address], projector: [address] });
  stop = () => drain(1_000);
});
afterEach(async () => {
  client.close();
  await stop();
});

const late = new RpcError(status.DEADLINE_EXCEEDED, 'too late');

describe('a reversal', () => {
  test('goes on over calls whose deadline passes, as long as it gets on', async () => {
    calls = Array.from({ length: 8 }, () => ({ stores: 5n, fails: late }));
    const receipt = await reverseSubmission(client.bulk, request);
    expect(receipt.submissionId).toBe('x');
    expect(asked).toBe(9);
  });

  test('is given up when nothing more is stored', async () => {
    calls = Array.from({ length: 8 }, (_, n) => ({ stores: n === 0 ? 5n : 0n, fails: late }));
    const failed = await reverseSubmission(client.bulk, request).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StreamGivenUpError);
    expect(asked).toBe(4);
  });

  test.each(['SUBMISSION_TAKEN_OVER', 'ALREADY_REVERSED'])(
    'is not repeated: %s',
    async (reason) => {
      calls = [{ stores: 0n, fails: refusal(status.ABORTED, reason, 'no') }];
      const failed = await reverseSubmission(client.bulk, request).catch((error: unknown) => error);
      expect(failed).toMatchObject({ fault: { reason }, attempts: 1 });
      expect(asked).toBe(1);
    },
  );
});
