/**
 * The three upload streams as one: each kind sends items of its own under the same indexes, so that
 * a test can ask the same of all.
 */
import {
  BulkDepositRequest,
  BulkDepositResponse,
  BulkOpenAccountsRequest,
  BulkServiceService as BULK,
  BulkSubmitRequest,
  BulkSubmitResponse,
  BulkOpenAccountsResponse,
  type UploadOptions,
} from '#proto/bank/v1/bulk_service.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import type { IntakeReplica } from '#test/support/intake-replica.ts';
import { depositing } from '#test/support/operations.ts';
import type { SubmissionBench } from '#test/support/submission-bench.ts';

export type UploadKind = 'BulkDeposit' | 'BulkOpenAccounts' | 'BulkSubmit';
export const UPLOAD_KINDS: readonly UploadKind[] = [
  'BulkDeposit',
  'BulkOpenAccounts',
  'BulkSubmit',
];

/** Items of the indexes from `from` up to `end`. */
export type UploadMessage = {
  from: number;
  end: number;
  options?: Partial<UploadOptions>;
};

export type UploadCall = {
  send: (message: UploadMessage) => void;
  halfClose: () => void;
  ended: Promise<BulkReceipt>;
};

export function openUpload(
  { deposit }: Pick<SubmissionBench, 'deposit'>,
  { bulk }: Pick<IntakeReplica, 'bulk'>,
  kind: UploadKind,
  submissionId: string,
): UploadCall {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const call = bulk.makeBidiStreamRequest<Buffer, Buffer>(PATHS[kind], asIs, asIs);
  const { promise: ended, resolve, reject } = Promise.withResolvers<BulkReceipt>();
  ended.catch(() => undefined);
  call.on('data', (bytes: Buffer) => {
    const { receipt } = RESPONSES[kind].decode(bytes);
    if (receipt !== undefined) resolve(receipt);
  });
  call.on('error', reject);
  const encode = (message: UploadMessage): Uint8Array => {
    const { from, end, options } = message;
    const indexes = Array.from({ length: end - from }, (_, n) => from + n);
    const envelope = {
      submissionId,
      firstItemIndex: BigInt(from),
      ...(options === undefined ? {} : { options }),
    };
    if (kind === 'BulkDeposit') {
      const deposits = indexes.map((index) => deposit(index));
      const request = BulkDepositRequest.fromPartial({ ...envelope, deposits });
      return BulkDepositRequest.encode(request).finish();
    }
    if (kind === 'BulkSubmit') {
      const operations = indexes.map((index) => depositing(deposit(index).accountId, index + 1));
      const request = BulkSubmitRequest.fromPartial({ ...envelope, operations });
      return BulkSubmitRequest.encode(request).finish();
    }
    const accounts = indexes.map(() => OpenAccountRequest.fromPartial({ currencyCode: 'EUR' }));
    const request = BulkOpenAccountsRequest.fromPartial({ ...envelope, accounts });
    return BulkOpenAccountsRequest.encode(request).finish();
  };
  return {
    ended,
    send: (message) => void call.write(Buffer.from(encode(message))),
    halfClose: () => call.end(),
  };
}

const PATHS = {
  BulkDeposit: BULK.bulkDeposit.path,
  BulkOpenAccounts: BULK.bulkOpenAccounts.path,
  BulkSubmit: BULK.bulkSubmit.path,
} as const;

const RESPONSES = {
  BulkDeposit: BulkDepositResponse,
  BulkOpenAccounts: BulkOpenAccountsResponse,
  BulkSubmit: BulkSubmitResponse,
} as const;
