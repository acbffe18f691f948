/**
 * Makes a payroll as an employer's system might export it: mostly clean, in several currencies,
 * with the dirt that such files have. Writes two CSV files, the accounts and the payroll, as a
 * stream of any length. The same options give the same bytes.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { seededRandom, type Random } from './random.ts';

export type PayrollOptions = {
  readonly accountsPath: string;
  readonly payrollPath: string;
  readonly accounts: number;
  /** Lines, dirty ones included. */
  readonly deposits: number;
  readonly seed: number;
};

type Account = { readonly id: string; readonly currency: Currency };
type Currency = { readonly code: string; readonly decimals: number; readonly scale: number };
type Line = {
  readonly account: string;
  readonly amount: string;
  readonly currency: string;
  readonly operation: string;
  readonly reference: string;
};

/** Six accounts of ten are in euro. `scale` brings a salary to the currency's size. */
const EURO: Currency = { code: 'EUR', decimals: 2, scale: 1 };
const CURRENCIES: readonly [Currency, ...Currency[]] = [
  ...([EURO, EURO, EURO, EURO, EURO, EURO] as const),
  { code: 'USD', decimals: 2, scale: 1.1 },
  { code: 'CHF', decimals: 2, scale: 0.95 },
  { code: 'JPY', decimals: 0, scale: 160 },
  { code: 'KWD', decimals: 3, scale: 0.33 },
];

/** Parts of all lines. Each kind also comes once for certain, however short the file. */
const DIRT = [
  ['unknown account', 0.003],
  ['malformed account', 0.002],
  ['wrong currency', 0.002],
  ['repeated operation', 0.002],
  ['zero amount', 0.001],
  ['negative amount', 0.001],
  ['too many decimals', 0.001],
  ['reused operation', 0.001],
  ['truncated line', 0.0005],
] as const;
type Dirt = (typeof DIRT)[number][0];

const VALUE_DATE = '2026-01-30';
const OPERATION_ID_PART = 0.1;
const REMEMBERED_OPERATIONS = 200;
const WRITE_LINES = 1_000;

export async function generatePayroll(options: PayrollOptions): Promise<void> {
  const random = seededRandom(options.seed);
  const accounts = await writeAccounts(options, random);
  const out = createWriteStream(options.payrollPath);
  await write(out, 'account_id,amount,currency,operation_id,reference,value_date\n');
  const operations: Line[] = [];
  let text = '';
  for (let n = 0; n < options.deposits; n++) {
    text += `${payrollLine(random, accounts, operations, n, options.deposits)}\n`;
    if (n % WRITE_LINES === WRITE_LINES - 1) {
      await write(out, text);
      text = '';
    }
  }
  // The export broke off in its last line.
  await write(out, `${text}${csv(cleanLine(random, accounts, options.deposits)).slice(0, 45)}`);
  out.end();
  await finished(out);
}

async function writeAccounts(
  { accountsPath, accounts }: PayrollOptions,
  random: Random,
): Promise<[Account, ...Account[]]> {
  const first: Account = { id: random.uuid(), currency: EURO };
  const all: [Account, ...Account[]] = [first];
  while (all.length < accounts) all.push({ id: random.uuid(), currency: random.pick(CURRENCIES) });
  const lines = all.map(({ id, currency }, n) => `${id},${currency.code},Employee ${n + 1}\n`);
  const out = createWriteStream(accountsPath);
  await write(out, `account_id,currency,owner\n${lines.join('')}`);
  out.end();
  await finished(out);
  return all;
}

function payrollLine(
  random: Random,
  accounts: readonly [Account, ...Account[]],
  operations: Line[],
  n: number,
  count: number,
): string {
  const dirt = dirtOf(random, n, count);
  const line = cleanLine(random, accounts, n);
  if (dirt !== undefined) return dirtyLine(random, line, dirt, operations);
  if (line.operation !== '') {
    operations[random.below(REMEMBERED_OPERATIONS)] = line;
  }
  return csv(line);
}

function cleanLine(random: Random, accounts: readonly [Account, ...Account[]], n: number): Line {
  const { id, currency } = random.pick(accounts);
  const salary = (900 + random.next() * random.next() * 9_000) * currency.scale;
  return {
    account: random.next() < 0.01 ? id.toUpperCase() : id,
    amount: salary.toFixed(currency.decimals),
    currency: currency.code,
    operation: random.next() < OPERATION_ID_PART ? random.uuid() : '',
    reference: random.next() < 0.02 ? `"Bonus, January ""26"", no. ${n + 1}"` : `Salary ${n + 1}`,
  };
}

function dirtOf(random: Random, n: number, count: number): Dirt | undefined {
  const certain = DIRT.findIndex((_, kind) => n === certainPlace(kind, count));
  let left = random.next();
  if (certain >= 0) return DIRT[certain]?.[0];
  return DIRT.find(([, part]) => (left -= part) < 0)?.[0];
}

/**
 * The last tenth of the file holds one line of each kind, so that there are operations to repeat.
 */
function certainPlace(kind: number, count: number): number {
  return count - 1 - Math.floor((kind * count) / (10 * DIRT.length));
}

function dirtyLine(random: Random, line: Line, dirt: Dirt, operations: readonly Line[]): string {
  const known = operations.filter((operation) => operation !== undefined);
  const earlier = known[random.below(Math.max(known.length, 1))] ?? line;
  switch (dirt) {
    case 'unknown account':
      return csv({ ...line, account: random.uuid() });
    case 'malformed account':
      return csv({ ...line, account: line.account.slice(0, 8 + random.below(27)) });
    case 'wrong currency':
      return csv({ ...line, currency: line.currency === 'GBP' ? 'EUR' : 'GBP', amount: '1500.00' });
    case 'zero amount':
      return csv({ ...line, amount: line.amount.replace(/[1-9]/g, '0') });
    case 'negative amount':
      return csv({ ...line, amount: `-${line.amount}` });
    case 'too many decimals':
      return csv({ ...line, amount: `${line.amount}${line.amount.includes('.') ? '7' : '.50'}` });
    case 'repeated operation':
      return csv(earlier);
    case 'reused operation':
      return csv({ ...earlier, reference: 'Salary corrected' });
    case 'truncated line':
      return csv(line).slice(0, 37 + random.below(8));
  }
}

function csv({ account, amount, currency, operation, reference }: Line): string {
  return [account, amount, currency, operation, reference, VALUE_DATE].join(',');
}

async function write(out: WriteStream, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}
