/** A direct batch whose call ends when its claim is there and nothing of it is queued yet. */
import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ANYONE } from '#platform/caller.ts';
import { BatchMode, SubmitBatchRequest } from '#proto/bank/v1/bulk_service.ts';
import { submitBatch } from '../../../command-svc/direct-batch.ts';
import { ACCOUNT, failure, intakeBench, raw } from '#test/support/memory-intake.ts';
import { depositing } from '#test/support/operations.ts';

test('a batch whose call ends behind its opening queues nothing', async () => {
  const { context, store, stopping, batcher } = intakeBench();
  store.onCommit = () => stopping.abort();
  const request = SubmitBatchRequest.fromPartial({
    submissionId: 'ended',
    mode: BatchMode.BATCH_MODE_PER_ITEM,
    operations: [depositing(ACCOUNT, 1), depositing(ACCOUNT, 2)],
  });
  const call = {
    metadata: new Metadata(),
    traceparent: undefined,
    caller: ANYONE,
    signal: new AbortController().signal,
    deadlineAtMs: undefined,
  };
  const answer = submitBatch(context, raw(SubmitBatchRequest.encode(request).finish()), call);
  expect((await failure(answer)).code).toBe(status.UNAVAILABLE);
  expect(batcher.taken).toBe(0);
  expect(store.claims).toBe(0);
});
