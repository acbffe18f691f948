/**
 * A payroll file as deposits and line errors: amounts to the cent, quoting, lines of any length in
 * flat memory, and indexes that are the same at every reading.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { csvFields, LINE_CHARACTERS_MAX, readLines } from '#client/csv-lines.ts';
import {
  depositOfLine,
  parseHeader,
  PayrollFormatError,
  readPayroll,
} from '#client/payroll-file.ts';
import { minorUnitsOf } from '#client/money.ts';
import { payrollSource } from '#client/payroll-source.ts';
import { lineFields } from '#deploy/demo/file-lines.ts';
import { expectedDeposit } from '#deploy/demo/expectation-rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'bank-payroll-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(text: string | Uint8Array): string {
  const path = join(folder, `${++files}.csv`);
  writeFileSync(path, text);
  return path;
}

const HEADER = 'account_id,amount,currency,operation_id,reference,value_date';
const ACCOUNT = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';

async function read(path: string) {
  const all = { deposits: [] as unknown[], lines: [] as number[], errors: [] as unknown[] };
  for await (const chunk of readPayroll(path)) {
    all.deposits.push(...chunk.deposits);
    all.lines.push(...chunk.lines);
    all.errors.push(...chunk.errors);
  }
  return all;
}

describe('an amount', () => {
  test.each([
    ['12.50', 'EUR', 1250n],
    ['12.5', 'EUR', 1250n],
    ['12', 'EUR', 1200n],
    ['0.00', 'EUR', 0n],
    ['-0.01', 'EUR', -1n],
    ['1250', 'JPY', 1250n],
    ['1.234', 'KWD', 1234n],
    ['92233720368547758.07', 'EUR', 2n ** 63n - 1n],
  ])('%s %s is %s minor units', (amount, currency, minorUnits) => {
    expect(minorUnitsOf(amount, currency)).toBe(minorUnits);
  });

  test.each([
    ['12.505', 'EUR', 'more than the 2 decimals of EUR'],
    ['12.0', 'JPY', 'more than the 0 decimals of JPY'],
    ['92233720368547758.08', 'EUR', 'does not fit 64 bits'],
    ['1e3', 'EUR', 'is no decimal number'],
    ['1,5', 'EUR', 'is no decimal number'],
    ['', 'EUR', 'is no decimal number'],
    [' 1', 'EUR', 'is no decimal number'],
    ['1', 'EURO', 'is no ISO 4217 code'],
    ['1', 'eur', 'is no ISO 4217 code'],
    ['1', 'XAU', 'is no ISO 4217 code'],
  ])('%s %s is none: %s', (amount, currency, reason) => {
    expect(minorUnitsOf(amount, currency)).toContain(reason);
  });

  test('is never rounded: what is read is what is written', () => {
    const amounts = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 17n }), fc.boolean());
    fc.assert(
      fc.property(amounts, ([minor, negative]) => {
        const cents = (minor % 100n).toString().padStart(2, '0');
        const text = `${negative ? '-' : ''}${minor / 100n}.${cents}`;
        expect(minorUnitsOf(text, 'EUR')).toBe(negative ? -minor : minor);
      }),
    );
  });
});

describe('a line', () => {
  const columns = parseHeader(HEADER);

  test('becomes a deposit, its texts as they are', () => {
    const line = `not-a-uuid,-3.00,EUR,op,"Bonus, ""26""",2026-01-30`;
    expect(depositOfLine(columns, line)).toEqual({
      accountId: 'not-a-uuid',
      amount: { currencyCode: 'EUR', minorUnits: -300n },
      operationId: 'op',
      reference: 'Bonus, "26"',
      valueDate: '2026-01-30',
    });
  });

  test.each([
    [`${ACCOUNT},12.5`, '2 fields where the header has 6'],
    ['', '1 fields where the header has 6'],
    [`${ACCOUNT},1,EUR,,"open,`, 'a quote is not closed'],
    [`${ACCOUNT},1,EUR,,${'x'.repeat(LINE_CHARACTERS_MAX)},`, 'longer than'],
  ])('%s is none', (line, reason) => {
    expect(depositOfLine(columns, line)).toContain(reason);
  });

  test('may have its columns in any order, and the optional ones left out', () => {
    const short = parseHeader('currency,account_id,amount');
    expect(depositOfLine(short, `JPY,${ACCOUNT},7`)).toMatchObject({
      accountId: ACCOUNT,
      amount: { currencyCode: 'JPY', minorUnits: 7n },
      reference: '',
    });
  });

  test("is cut into fields as the demo's own reader cuts it", () => {
    const text = fc.string({ unit: fc.constantFrom('"', ',', 'a', 'b'), maxLength: 12 });
    fc.assert(
      fc.property(text, (line) => {
        expect(csvFields(line)).toEqual(lineFields(line));
      }),
      { numRuns: 2_000 },
    );
  });

  test("means what the demo's own rules say it means", () => {
    const header = HEADER.split(',');
    const amount = fc.stringMatching(/^-?[0-9]{0,3}(\.[0-9]{0,4})?$/);
    const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'XAU', 'XCG', 'ZWG', 'QQQ', 'eur', '');
    fc.assert(
      fc.property(amount, currency, (amountText, currencyCode) => {
        const line = `${ACCOUNT},${amountText},${currencyCode},,,`;
        const deposit = depositOfLine(columns, line);
        const minorUnits = typeof deposit === 'string' ? undefined : deposit.amount?.minorUnits;
        expect(minorUnits).toBe(expectedDeposit(header, line)?.minorUnits);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a file', () => {
  test('gives indexes to deposits and line numbers to errors', async () => {
    const good = `${ACCOUNT},1.00,EUR,,r,`;
    const bad = `${ACCOUNT},1.001,EUR,,r,`;
    const path = file(`\ufeff${HEADER}\r\n${good}\r\n${bad}\n${good}\n${ACCOUNT}`);
    const all = await read(path);
    expect(all.deposits).toHaveLength(2);
    expect(all.lines).toEqual([2, 4]);
    expect(all.errors).toMatchObject([{ line: 3 }, { line: 5, text: ACCOUNT }]);
  });

  test('without the header that the format asks for is refused', async () => {
    await expect(read(file('a,b\n1,2\n'))).rejects.toThrow(PayrollFormatError);
    await expect(read(file(''))).rejects.toThrow(PayrollFormatError);
  });

  test('with one endless line stays in flat memory', async () => {
    const lengths: number[] = [];
    const path = file(`${HEADER}\n${'x'.repeat(3_000_000)}\n${ACCOUNT},1,EUR,,,\n`);
    for await (const { lines } of readLines(path)) {
      lengths.push(...lines.map((line) => line.length));
    }
    expect(lengths).toEqual([HEADER.length, LINE_CHARACTERS_MAX + 1, ACCOUNT.length + 9]);
    expect(await read(path)).toMatchObject({ lines: [3], errors: [{ line: 2 }] });
  });

  test('cut anywhere by the reads is read alike', async () => {
    const rows = Array.from({ length: 6_000 }, (_, n) => `${ACCOUNT},${n}.00,EUR,,\u20ac ${n},`);
    const all = await read(file(`${HEADER}\n${rows.join('\n')}\n`));
    expect(all.errors).toEqual([]);
    expect(all.deposits).toHaveLength(6_000);
    expect(all.deposits[5_999]).toMatchObject({ reference: '\u20ac 5999' });
  });

  test('as a source starts at any item and tells each line error once', async () => {
    const amounts = Array.from({ length: 50 }, (_, n) => (n % 10 === 9 ? 'x' : n));
    const rows = amounts.map((amount, n) => `${ACCOUNT},${amount},EUR,,${n},`);
    const errors: number[] = [];
    const path = file(`${HEADER}\n${rows.join('\n')}\n`);
    const source = payrollSource(path, ({ line }) => errors.push(line));
    const from = async (index: number) => {
      const references: string[] = [];
      for await (const chunk of source(index)) {
        references.push(...chunk.map((item) => item.reference));
      }
      return references;
    };
    const all = await from(0);
    expect(all).toHaveLength(45);
    expect(await from(10)).toEqual(all.slice(10));
    expect(await from(45)).toEqual([]);
    expect(errors).toEqual([11, 21, 31, 41, 51]);
  });
});
