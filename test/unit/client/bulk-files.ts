/**
 * Files for the tests of `bank bulk`: written from a text, read as numbered items, and the rejects
 * of some of their items. Gone after the test file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach } from 'vitest';
import { numberedLines, type BulkFile } from '#client/cli/bulk-file.ts';
import { openBulkInput, type BulkInput } from '#client/cli/bulk-input.ts';
import { depositReader } from '#client/cli/bulk-items.ts';
import type { BulkFormat } from '#client/cli/bulk-layout.ts';
import { writeRejects } from '#client/cli/bulk-rejects.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { Rejection } from '#proto/bank/v1/submission.ts';

export const folder = mkdtempSync(join(tmpdir(), 'bank-bulk-test-'));
const inputs: BulkInput[] = [];
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => Promise.all(inputs.splice(0).map(({ close }) => close())));
export const { signal } = new AbortController();
const PLAIN = { currency: '', decimalComma: false };
export const ACCOUNT = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';
export const HEADER = 'account_id,amount,currency,reference';

type Reading = Partial<{
  format: BulkFormat;
  delimiter: string;
  map: Record<string, string>;
  currency: string;
  decimalComma: boolean;
  encoding: string;
}>;

let files = 0;
export async function fileOf(
  text: string | Uint8Array,
  reading: Reading = {},
): Promise<BulkFile<DepositItem>> {
  const path = join(folder, `${++files}`);
  writeFileSync(path, text);
  const { format = 'csv', delimiter = ',', map = {}, encoding = 'utf-8' } = reading;
  const layout = {
    format,
    delimiter,
    map: new Map(Object.entries(map)),
    required: ['account_id', 'amount'],
  };
  const input = await openBulkInput(path, process.stdin, signal);
  inputs.push(input);
  return { input, layout, encoding, readItem: depositReader({ ...PLAIN, ...reading }) };
}

export async function read(file: BulkFile<DepositItem>) {
  const all = { items: [] as DepositItem[], lines: [] as number[], problems: [] as string[] };
  for await (const chunk of numberedLines(file).chunks) {
    for (const { item, line, problem } of chunk) {
      if (item === undefined) all.problems.push(`${line}: ${problem}`);
      else {
        all.items.push(item);
        all.lines.push(line);
      }
    }
  }
  return all;
}

/** The rejects file of these refused indexes. */
export async function rejects(
  file: BulkFile<DepositItem>,
  indexes: readonly number[],
): Promise<string> {
  const path = join(folder, `${++files}.rejects`);
  const refused = indexes.map((index) =>
    Rejection.fromPartial({ itemIndex: BigInt(index), reason: 'NO', message: 'not, "now"' }),
  );
  const rejections = Readable.from(refused);
  await writeRejects({ file, path, rejections, signal });
  return readFileSync(path, 'utf8');
}
