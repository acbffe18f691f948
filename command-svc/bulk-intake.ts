/**
 * Where a deposit of a bulk upload enters: BulkDeposit, BulkOpenAccounts, BulkSubmit, SubmitBatch
 * and ReverseSubmission share one way (take-stream.ts, opened-upload.ts). Here they become
 * handlers, and are waited for when the replica stops.
 */
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleUnaryCall,
} from '@grpc/grpc-js';
import { traceparentIn } from '#platform/call-context.ts';
import { toServiceError } from '#platform/grpc-errors.ts';
import { tracedLog } from '#platform/log-trace.ts';
import { bidiStream } from '#platform/streaming.ts';
import { unary } from '#platform/unary.ts';
import type {
  BulkDepositResponse,
  BulkOpenAccountsResponse,
  BulkSubmitResponse,
  ReverseSubmissionRequest,
  ReverseSubmissionResponse,
  SubmitBatchResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { depositItem, openAccountItem } from './bulk-items.ts';
import { decodeAccounts, decodeDeposits, type RawMessage } from './bulk-messages.ts';
import { submitStream } from './bulk-submit.ts';
import { submitBatch } from './direct-batch.ts';
import { reverseSubmission } from './reverse-submission.ts';
import { takeStream, type IntakeContext, type StreamKind } from './take-stream.ts';

export type BulkIntake = {
  readonly bulkDeposit: handleClientStreamingCall<RawMessage, BulkDepositResponse>;
  readonly bulkOpenAccounts: handleClientStreamingCall<RawMessage, BulkOpenAccountsResponse>;
  readonly bulkSubmit: handleBidiStreamingCall<RawMessage, BulkSubmitResponse>;
  readonly submitBatch: handleUnaryCall<RawMessage, SubmitBatchResponse>;
  readonly reverseSubmission: handleUnaryCall<ReverseSubmissionRequest, ReverseSubmissionResponse>;
  /** Resolves when no call is left; a stopping replica ends them all. */
  drained(): Promise<void>;
};

export function createBulkIntake(context: IntakeContext): BulkIntake {
  const { log } = context;
  const running = new Set<Promise<void>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    const ended = work
      .then(
        () => undefined,
        () => undefined, // whoever has made the call is told
      )
      .finally(() => running.delete(ended));
    running.add(ended);
    return work;
  };
  const serve =
    <Item>(
      kind: StreamKind<Item>,
    ): handleClientStreamingCall<RawMessage, { receipt: BulkReceipt }> =>
    (call, callback) => {
      void track(takeStream(context, call, kind))
        .then(
          (receipt) => callback(null, { receipt }),
          (error: unknown) => {
            const traced = tracedLog(log, traceparentIn(call.metadata));
            callback(toServiceError(error, traced));
          },
        )
        .catch((error: unknown) => log.error('Could not answer a stream.', { err: error }));
    };
  return {
    bulkDeposit: serve({ decode: decodeDeposits, toItem: depositItem }),
    bulkOpenAccounts: serve({ decode: decodeAccounts, toItem: openAccountItem }),
    bulkSubmit: bidiStream(log, (messages, send, call) =>
      track(submitStream(context, messages, send, call)),
    ),
    submitBatch: unary(log, (raw, call) => track(submitBatch(context, raw, call))),
    reverseSubmission: unary(log, (request, call) =>
      track(reverseSubmission(context, request, call)),
    ),
    drained: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
