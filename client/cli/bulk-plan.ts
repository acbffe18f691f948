/**
 * What a bulk run is about to do, known before anything is sent: the file, as items of one kind,
 * its submission, where its rejects go.
 */
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { numberedLines, type BulkFile } from './bulk-file.ts';
import { fingerprint, submissionIdOf, type Fingerprint } from './bulk-fingerprint.ts';
import { openBulkInput, STDIN, type BulkInput } from './bulk-input.ts';
import { accountReader, depositReader, KIND_REQUIRED } from './bulk-items.ts';
import type { BulkFormat } from './bulk-layout.ts';
import { formatOf, type BulkOptions } from './bulk-options.ts';
import { rejectsPathOf } from './bulk-rejects-path.ts';
import { CommandError, type CommandContext } from './command-context.ts';

export type BulkPlan = BulkItems & {
  readonly submissionId: string;
  /** Lines of the file that could be items. */
  readonly lines: number;
  readonly rejectsPath: string;
  readonly close: () => Promise<void>;
};

export type BulkItems =
  | { readonly kind: 'deposits'; readonly file: BulkFile<DepositItem> }
  | { readonly kind: 'accounts'; readonly file: BulkFile<OpenAccountRequest> };

export async function planBulk(
  path: string,
  options: BulkOptions,
  { stdin, signal }: CommandContext,
): Promise<BulkPlan> {
  const format = formatOf(path === STDIN ? '' : path.replace(/\.(gz|zst)$/i, ''), options.format);
  if (path === STDIN && options.submission === undefined && !options.dryRun) {
    throw new CommandError('a pipe needs --submission ID, by which the run can be repeated');
  }
  const input = await openBulkInput(path, stdin, signal);
  try {
    const print = await fingerprint(input, options.encoding, signal);
    const items = itemsOf(input, format, options);
    await (items.kind === 'deposits' ? checkHeader(items.file) : checkHeader(items.file));
    const submissionId = options.submission ?? submissionIdOf(input.name, options.kind, print);
    return {
      ...items,
      submissionId,
      lines: itemLines(print, format),
      rejectsPath: await rejectsPathOf({
        path,
        name: input.name,
        submissionId,
        format,
        given: options.rejects,
      }),
      close: input.close,
    };
  } catch (error) {
    await input.close();
    throw error;
  }
}

function itemsOf(input: BulkInput, format: BulkFormat, options: BulkOptions): BulkItems {
  const { kind, map, delimiter, encoding, currency = '', decimalComma } = options;
  const layout = { format, delimiter, map, required: KIND_REQUIRED[kind] };
  const reading = { currency, decimalComma };
  const file = { input, layout, encoding };
  return kind === 'deposits'
    ? { kind, file: { ...file, readItem: depositReader(reading) } }
    : { kind, file: { ...file, readItem: accountReader(reading) } };
}

/** Reads the beginning: a header that lacks a column is told before anything is sent. */
async function checkHeader<Item>(file: BulkFile<Item>): Promise<void> {
  const { chunks } = numberedLines(file);
  await chunks.next();
  await chunks.return();
}

function itemLines({ lines }: Fingerprint, format: BulkFormat): number {
  return format === 'csv' ? Math.max(0, lines - 1) : lines;
}
