/**
 * Commands of every kind as submissions whose results flow back: BulkSubmit streams and direct
 * batches. Each try is one call that is sent once; without an answer the whole is sent again, under
 * the same submission id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { callFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import {
  SubmitBatchRequest,
  type BatchMode,
  type BulkServiceClient,
  type BulkSubmitResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { BulkReceipt, ItemResult } from '#proto/bank/v1/submission.ts';
import { isOpen } from '#test/support/answered-try.ts';
import type { SentSubmission } from '../history/history.ts';
import { closedBy } from './submissions.ts';

const CALL_MS = 10_000;
const GIVE_UP_MS = 90_000;
const PAUSE_MS = 50;
const MESSAGE_OPERATIONS = 25;

export async function sendMixed(
  bulk: BulkServiceClient,
  submission: SentSubmission,
  operations: readonly Operation[],
): Promise<void> {
  await untilClosed(submission, () => submitOnce(bulk, submission, operations));
}

export async function sendBatch(
  bulk: BulkServiceClient,
  submission: SentSubmission,
  operations: readonly Operation[],
  mode: BatchMode,
): Promise<void> {
  const { submissionId } = submission;
  const request = SubmitBatchRequest.fromPartial({
    submissionId,
    mode,
    operations: [...operations],
  });
  await untilClosed(submission, async () => {
    const method = bulk.submitBatch.bind(bulk);
    const { results, receipt } = await unaryCall(method, request, { deadlineMs: CALL_MS });
    results.forEach((result) => record(submission, result));
    return receipt;
  });
}

async function untilClosed(
  submission: SentSubmission,
  call: () => Promise<BulkReceipt | undefined>,
): Promise<void> {
  for (;;) {
    submission.sends += 1;
    try {
      const receipt = await call();
      if (receipt === undefined) throw new Error('an answer without a receipt');
      closedBy(submission, receipt);
      return;
    } catch (error) {
      const fault = callFault(error);
      // An older try of the same may wake up in a stopped replica, and take it over.
      const goesOn = isOpen(fault) || fault.reason === 'SUBMISSION_TAKEN_OVER';
      if (goesOn && performance.now() - submission.sentMs < GIVE_UP_MS) {
        await sleep(PAUSE_MS);
        continue;
      }
      if (fault.code === status.UNKNOWN && fault.reason === '') throw error;
      submission.answeredMs = performance.now();
      if (goesOn) return;
      const reason = fault.reason === '' ? status[fault.code] : fault.reason;
      submission.answer = { kind: 'refused', reason };
      return;
    }
  }
}

/** One stream, read while it is written. */
async function submitOnce(
  bulk: BulkServiceClient,
  submission: SentSubmission,
  operations: readonly Operation[],
): Promise<BulkReceipt | undefined> {
  const call = bulk.bulkSubmit(new Metadata(), { deadline: Date.now() + CALL_MS });
  const ended = new Promise<BulkReceipt | undefined>((resolve, reject) => {
    let receipt: BulkReceipt | undefined;
    call.on('data', (message: BulkSubmitResponse) => {
      message.results.forEach((result) => record(submission, result));
      receipt = message.receipt ?? receipt;
    });
    call.on('error', (error: ServiceError) => reject(error));
    call.on('end', () => resolve(receipt));
  });
  const { submissionId } = submission;
  for (let at = 0; at < operations.length; at += MESSAGE_OPERATIONS) {
    const part = operations.slice(at, at + MESSAGE_OPERATIONS);
    const first = { firstItemIndex: BigInt(at), options: undefined };
    call.write({ submissionId, operations: part, ...first });
  }
  call.end();
  return await ended;
}

function record(submission: SentSubmission, { itemIndex, outcome }: ItemResult): void {
  if (outcome === undefined) throw new Error('a result without an outcome');
  const answer =
    outcome.$case === 'receipt'
      ? { version: outcome.value.version }
      : { reason: outcome.value.reason };
  submission.results.push({ index: Number(itemIndex), answer });
}
