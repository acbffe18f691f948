/**
 * What the demo expects of a file: each outcome by the contract's words, and a generated payroll
 * that holds every kind of dirt and is the same for the same seed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { accountsOfPayroll, readAccountsFile } from '#deploy/demo/accounts-file.ts';
import { countByReason, expectPayroll } from '#deploy/demo/expectation.ts';
import { generatePayroll } from '#deploy/demo/payroll-generator.ts';
import { submissionIdOf } from '#deploy/demo/payroll-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'bank-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const OP = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const USED = `${A},1.00,EUR,${OP},,`;
const accounts = [
  { accountId: A, currencyCode: 'EUR', owner: '' },
  { accountId: B, currencyCode: 'KWD', owner: '' },
];

let files = 0;
function payroll(lines: readonly string[]): string {
  const path = join(folder, `${++files}.csv`);
  const header = 'account_id,amount,currency,operation_id,reference,value_date';
  writeFileSync(path, [header, ...lines].join('\n'));
  return path;
}

describe('a deposit', () => {
  test.each([
    ['not to an account', ['x,1.00,EUR,,,'], 'INVALID_ITEM'],
    ['of nothing', [`${A},0.00,EUR,,,`], 'INVALID_ITEM'],
    ['of less than nothing', [`${A},-1.00,EUR,,,`], 'INVALID_ITEM'],
    ['on a day that does not exist', [`${A},1.00,EUR,,,2026-02-29`], 'INVALID_ITEM'],
    ['with an operation id that is none', [`${A},1.00,EUR,op,,`], 'INVALID_ITEM'],
    ['with a reference that is too long', [`${A},1.00,EUR,,${'x'.repeat(141)},`], 'INVALID_ITEM'],
    ['to nobody', [`${OP},1.00,EUR,,,`], 'ACCOUNT_NOT_FOUND'],
    ['in another currency', [`${A},1.00,USD,,,`], 'CURRENCY_MISMATCH'],
    ['too much', [`${B},9223372036854775.807,KWD,,,`, `${B},0.001,KWD,,,`], 'BALANCE_OVERFLOW'],
    ['of a used operation', [USED, `${A},1.01,EUR,${OP},,`], 'OPERATION_ID_REUSED'],
    ['of one, in another currency', [USED, `${A},1,USD,${OP},,`], 'OPERATION_ID_REUSED'],
  ])('%s is refused', async (_, lines, reason) => {
    const expected = await expectPayroll(payroll(lines), accounts);
    expect([...countByReason(expected.rejections.values())]).toEqual([[reason, 1]]);
    expect(expected.rejections.get(lines.length - 1)?.line).toBe(lines.length + 1);
  });

  test('of an executed operation is a repeat, also when it is written in capitals', async () => {
    const line = `${A},1.00,EUR,${OP},r,`;
    const again = `${A},1.0,EUR,${OP.toUpperCase()},r,`;
    const expected = await expectPayroll(payroll([line, again]), accounts);
    expect(expected).toMatchObject({ accepted: 1, items: 2, replayed: new Set([1]) });
    expect(expected.accounts.get(A)).toMatchObject({ balanceMinor: 100n, version: 2n });
  });

  test('that was refused is no executed operation', async () => {
    const refused = `${A},1.00,USD,${OP},,`;
    const corrected = `${A},1.00,EUR,${OP},,`;
    const expected = await expectPayroll(payroll([refused, corrected]), accounts);
    expect(expected).toMatchObject({ accepted: 1, replayed: new Set() });
  });

  test('that cannot be read takes no index', async () => {
    const lines = [`${A},1.001,EUR,,,`, `${A},1.00,EUR,,,`, `${A},1.00`, `${A},1,QQQ,,,`, ''];
    const expected = await expectPayroll(payroll([...lines, `${A},2.00,EUR,,,`]), accounts);
    expect(expected).toMatchObject({ items: 2, accepted: 2, lineErrors: [2, 4, 5, 6], lines: 6 });
    expect(expected.acceptedAmounts).toEqual(new Map([['EUR', 300n]]));
  });
});

describe('a generated payroll', () => {
  const generate = async (name: string, seed: number) => {
    const accountsPath = join(folder, `${name}-accounts.csv`);
    const payrollPath = join(folder, `${name}.csv`);
    await generatePayroll({ accountsPath, payrollPath, accounts: 20, deposits: 2_000, seed });
    return { accountsPath, payrollPath };
  };

  test('is the same for the same seed, and its submission too', async () => {
    const [a, b, c] = [await generate('a', 7), await generate('b', 7), await generate('c', 8)];
    const bytes = (path: string) => readFileSync(path, 'utf8');
    expect(bytes(a.payrollPath)).toBe(bytes(b.payrollPath));
    expect(bytes(a.payrollPath)).not.toBe(bytes(c.payrollPath));
    const id = await submissionIdOf(a.payrollPath);
    expect(id).toMatch(/^a\.csv-[0-9a-f]{16}$/);
    expect(id.slice(-16)).toBe((await submissionIdOf(b.payrollPath)).slice(-16));
  });

  test('holds every kind of dirt', async () => {
    const { accountsPath, payrollPath } = await generate('dirt', 3);
    const opened = await readAccountsFile(accountsPath);
    const expected = await expectPayroll(payrollPath, opened);
    expect(opened).toHaveLength(20);
    expect(new Set(opened.map(({ currencyCode }) => currencyCode)).size).toBeGreaterThan(2);
    expect([...countByReason(expected.rejections.values()).keys()]).toEqual([
      'ACCOUNT_NOT_FOUND',
      'CURRENCY_MISMATCH',
      'INVALID_ITEM',
      'OPERATION_ID_REUSED',
    ]);
    const fields = new Set([...expected.rejections.values()].flatMap((one) => one.fields));
    expect(fields).toContain('account_id');
    expect(fields).toContain('amount.minor_units');
    expect(expected.replayed.size).toBeGreaterThan(0);
    expect(expected.lineErrors.length).toBeGreaterThan(2);
    expect(expected.lineErrors.at(-1)).toBe(expected.lines + 1);
    expect(expected.accepted).toBeGreaterThan(1_900);
  });
});

test('without an accounts file, accounts are opened as the payroll first names them', async () => {
  const lines = [`${A},1,USD,,,`, `${A.toUpperCase()},1,EUR,,,`, `x,1,EUR,,,`, `${B},1,QQQ,,,`];
  const opened = await accountsOfPayroll(payroll(lines));
  expect(opened).toEqual([{ accountId: A, currencyCode: 'USD', owner: '' }]);
});
