/** Payroll items as direct batches and as streams of mixed commands, through the client. */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import {
  BatchMode,
  type BulkSubmitResponse,
  type SubmitBatchResponse,
} from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { depositItem } from '#test/support/bank-calls.ts';
import type { Payroll, PayrollItem } from '#test/support/payroll.ts';

const CALL_DEADLINE_MS = 60_000;

export function depositOperation(item: PayrollItem): Operation {
  const value = { ...depositItem(item), expectedVersion: 0n, validateOnly: false };
  return { command: { $case: 'deposit', value } };
}

export function sendBatch(
  client: BankClient,
  { submissionId, items }: Payroll,
  mode: BatchMode = BatchMode.BATCH_MODE_ATOMIC,
): Promise<SubmitBatchResponse> {
  const operations = items.map(depositOperation);
  const call = unaryCall(
    client.bulk.submitBatch.bind(client.bulk),
    { submissionId, mode, operations, bulkModeLeaseId: '' },
    { deadlineMs: CALL_DEADLINE_MS },
  );
  call.catch(() => undefined); // A test that fails first has one failure, not two.
  return call;
}

/** One BulkSubmit stream, `messageItems` a message; answers its receipt and counts its results. */
export function sendSubmit(
  client: BankClient,
  { submissionId, items }: Payroll,
  messageItems: number,
): Promise<{ receipt: BulkReceipt; results: number }> {
  const call = client.bulk.bulkSubmit();
  const sent = new Promise<{ receipt: BulkReceipt; results: number }>((resolve, reject) => {
    let results = 0;
    let receipt: BulkReceipt | undefined;
    call.on('data', (message: BulkSubmitResponse) => {
      results += message.results.length;
      receipt = message.receipt;
    });
    call.on('error', reject);
    call.on('end', () => {
      if (receipt === undefined) reject(new Error('a stream without a receipt'));
      else resolve({ receipt, results });
    });
  });
  for (let first = 0; first < items.length; first += messageItems) {
    const operations = items.slice(first, first + messageItems).map(depositOperation);
    call.write({ submissionId, operations, firstItemIndex: BigInt(first), options: undefined });
  }
  call.end();
  return sent;
}
