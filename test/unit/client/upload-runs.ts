/**
 * What tests of upload runs stand on: items that know their index, the run's options with short
 * pauses, and what the bank in memory has stored.
 */
import { uploadDeposits } from '#client/bulk-upload.ts';
import { startUpload, type UploadRun, type UploadRunOptions } from '#client/upload-run.ts';
import type { Items } from '#client/upload-parts.ts';
import { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { FakeBank } from './fake-bank.ts';

export const RUN_OPTIONS = {
  submissionId: 's',
  partItems: 10,
  retry: { attempts: 4, attemptsTotal: 30, firstMs: 1, maxMs: 4 },
};

export function startDeposits(
  bank: FakeBank,
  source: Items<DepositItem>,
  more: Partial<UploadRunOptions> = {},
): UploadRun {
  const kind = { method: 'BulkDeposit', upload: uploadDeposits };
  return startUpload(bank.client, kind, source, { ...RUN_OPTIONS, ...more });
}

export function countedItems(count: number): DepositItem[] {
  return counted(count).map((reference) => DepositItem.fromPartial({ reference }));
}

export function counted(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n));
}

/** Of the stored items, in the order of their indexes. */
export function references({ stored }: FakeBank): string[] {
  return [...stored].toSorted(([a], [b]) => a - b).map(([, { reference }]) => reference);
}
