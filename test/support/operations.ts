/** Mixed commands for BulkSubmit and SubmitBatch, and what a caller of either is answered. */
import { randomUUID } from 'node:crypto';
import {
  BatchMode,
  BulkServiceService as BULK,
  BulkSubmitRequest,
  SubmitBatchRequest,
  UploadOptions,
  type BulkSubmitResponse,
  type SubmitBatchResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { BulkReceipt, ItemResult } from '#proto/bank/v1/submission.ts';
import { callUnary, type IntakeReplica } from '#test/support/intake-replica.ts';

export const opening = (accountId: string = randomUUID()): Operation => ({
  command: {
    $case: 'openAccount',
    value: {
      accountId,
      currencyCode: 'EUR',
      owner: 'Ada',
      overdraftLimit: undefined,
      labels: {},
      operationId: '',
      validateOnly: false,
    },
  },
});

export const depositing = (
  accountId: string,
  minorUnits: number,
  more: { operationId?: string; validateOnly?: boolean } = {},
): Operation => ({
  command: {
    $case: 'deposit',
    value: {
      accountId,
      amount: { currencyCode: 'EUR', minorUnits: BigInt(minorUnits) },
      operationId: '',
      reference: '',
      valueDate: '',
      expectedVersion: 0n,
      validateOnly: false,
      ...more,
    },
  },
});

export function submitBatch(
  replica: IntakeReplica,
  submissionId: string,
  operations: Operation[],
  mode: BatchMode = BatchMode.BATCH_MODE_PER_ITEM,
  bulkModeLeaseId = '',
  signal?: AbortSignal,
): Promise<SubmitBatchResponse> {
  const request = SubmitBatchRequest.fromPartial({
    submissionId,
    mode,
    operations,
    bulkModeLeaseId,
  });
  return callUnary(replica.bulk, BULK.submitBatch, request, signal);
}

/** One result in a word: its reason, or the version that its receipt tells. */
export function wordOf({ outcome, duplicate, itemIndex }: ItemResult): string {
  const word =
    outcome?.$case === 'receipt'
      ? `v${outcome.value.version}=${outcome.value.balance?.minorUnits}${
          outcome.value.replayed ? ' replayed' : ''
        }`
      : `${outcome?.value.reason}`;
  return `${itemIndex} ${word}${duplicate ? ' duplicate' : ''}`;
}

export const words = (results: readonly ItemResult[]): string[] => results.map(wordOf);

/** What a stream with validate_only answers, one result an operation; nothing is stored. */
export async function tryOperations(
  replica: IntakeReplica,
  operations: Operation[],
): Promise<ItemResult[]> {
  const stream = openSubmitStream(replica, randomUUID());
  await stream.send({ operations, options: UploadOptions.fromPartial({ validateOnly: true }) });
  stream.halfClose();
  await stream.ended;
  return stream.results;
}

export type SubmitStream = {
  send: (message: Partial<BulkSubmitRequest>) => Promise<void>;
  /** What has come until now. */
  results: ItemResult[];
  messages: BulkSubmitResponse[];
  /** Stops reading what comes, and goes on. */
  pause: () => void;
  resume: () => void;
  halfClose: () => void;
  cancel: () => void;
  ended: Promise<BulkReceipt>;
};

export function openSubmitStream(replica: IntakeReplica, submissionId: string): SubmitStream {
  const call = replica.bulk.bulkSubmit();
  const results: ItemResult[] = [];
  const messages: BulkSubmitResponse[] = [];
  const { promise: ended, resolve, reject } = Promise.withResolvers<BulkReceipt>();
  ended.catch(() => undefined);
  call.on('data', (message: BulkSubmitResponse) => {
    messages.push(message);
    results.push(...message.results);
  });
  call.on('error', reject);
  call.on('end', () => {
    const receipt = messages.at(-1)?.receipt;
    if (receipt === undefined) reject(new Error('the stream ended without a receipt'));
    else resolve(receipt);
  });
  let over = false;
  const settled = ended
    .catch(() => undefined)
    .then(() => {
      over = true;
    });
  return {
    results,
    messages,
    ended,
    send: async (message) => {
      const request = BulkSubmitRequest.fromPartial({ submissionId, ...message });
      if (over || call.write(request)) return;
      const drained = new Promise<void>((go) => void call.once('drain', () => go()));
      await Promise.race([drained, settled]);
    },
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    halfClose: () => void call.end(),
    cancel: () => call.cancel(),
  };
}
