/**
 * What the demo works on: the payroll and the accounts to open, generated or the user's own, and
 * the ids of the submissions, which follow from the files' bytes, so that the same file is the same
 * submission.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { accountsOfPayroll, readAccountsFile, type DemoAccount } from './accounts-file.ts';
import type { DemoOptions } from './options.ts';
import { generatePayroll } from './payroll-generator.ts';

export type PayrollInput = {
  readonly path: string;
  readonly submissionId: string;
  readonly accounts: readonly DemoAccount[];
  readonly accountsSubmissionId: string;
};

const ID_MAX = 128;
const HEX_DIGITS = 16;

export async function preparePayroll(options: DemoOptions, folder: string): Promise<PayrollInput> {
  const files = options.file === undefined ? await generate(options, folder) : ownFiles(options);
  const { path } = files;
  const accounts =
    files.accountsPath === undefined
      ? await accountsOfPayroll(path)
      : await readAccountsFile(files.accountsPath);
  if (accounts.length === 0) throw new Error(`${path} names no account that could be opened`);
  const submissionId = options.submission ?? (await submissionIdOf(path));
  const digest = createHash('sha256');
  for (const { accountId, currencyCode } of accounts) digest.update(`${accountId}${currencyCode}`);
  return { path, submissionId, accounts, accountsSubmissionId: `accounts-${shortHex(digest)}` };
}

/**
 * `<file name>-<first 16 hex of the file's SHA-256>`, in the characters that the contract allows.
 */
export async function submissionIdOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) {
    if (Buffer.isBuffer(chunk)) digest.update(chunk);
  }
  const name = basename(path).replace(/[^A-Za-z0-9._-]/g, '-');
  return `${name.slice(0, ID_MAX - HEX_DIGITS - 1)}-${shortHex(digest)}`;
}

type Files = { readonly path: string; readonly accountsPath: string | undefined };

function ownFiles({ file = '', accounts }: DemoOptions): Files {
  return { path: file, accountsPath: accounts };
}

async function generate(options: DemoOptions, folder: string): Promise<Files> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'payroll.csv');
  const accountsPath = join(folder, 'accounts.csv');
  await generatePayroll({
    payrollPath: path,
    accountsPath,
    accounts: options.accountCount,
    deposits: options.deposits,
    seed: options.seed,
  });
  return { path, accountsPath };
}

function shortHex(digest: Hash): string {
  return digest.digest('hex').slice(0, HEX_DIGITS);
}
