/**
 * A file for `bank bulk` with what it must come to: lines that can be paid, some that cannot be
 * read, some for accounts that nobody has opened. New accounts and a new submission each time.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type BulkFilePlan = {
  readonly path: string;
  readonly accountsPath: string;
  readonly submissionId: string;
  readonly accounts: number;
  readonly payable: number;
  readonly malformed: number;
  readonly unknown: number;
  /** Of the payable lines. */
  readonly minorUnits: bigint;
};

const ACCOUNTS = 10_000;
const MALFORMED_EVERY = 5_003;
const UNKNOWN_EVERY = 1_009;
/** Steps through the accounts in no order. */
const STRIDE = 7_919;

export async function writeBulkFile(folder: string, items: number): Promise<BulkFilePlan> {
  mkdirSync(folder, { recursive: true });
  const run = randomUUID().slice(0, 8);
  const accounts = Array.from({ length: ACCOUNTS }, () => randomUUID());
  const accountsPath = join(folder, `accounts-${run}.csv`);
  const opening = accounts.map((id, n) => `${id},EUR,owner ${n}`);
  writeFileSync(accountsPath, `account_id,currency,owner\n${opening.join('\n')}\n`);
  const path = join(folder, `payroll-${run}.csv`);
  const out = createWriteStream(path);
  out.write('account_id,amount,currency,reference\n');
  const counts = { payable: 0, malformed: 0, unknown: 0, minorUnits: 0n };
  for (let n = 0; n < items; n++) {
    if (!out.write(`${lineOf(n, accounts, counts)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
  return { path, accountsPath, submissionId: `bulk-${run}`, accounts: ACCOUNTS, ...counts };
}

type Counts = { payable: number; malformed: number; unknown: number; minorUnits: bigint };

function lineOf(n: number, accounts: readonly string[], counts: Counts): string {
  const account = accounts[(n * STRIDE) % accounts.length] ?? '';
  if (n % MALFORMED_EVERY === 5) {
    counts.malformed += 1;
    return `${account},ten,EUR,"broken, line ${n}"`;
  }
  const minorUnits = 100 + (n % 500_000);
  const amount = `${Math.floor(minorUnits / 100)}.${String(minorUnits % 100).padStart(2, '0')}`;
  if (n % UNKNOWN_EVERY === 7) {
    counts.unknown += 1;
    return `${randomUUID()},${amount},EUR,nobody ${n}`;
  }
  counts.payable += 1;
  counts.minorUnits += BigInt(minorUnits);
  return `${account},${amount},EUR,salary ${n}`;
}
