/** The rules of fields, one row a case: which field breaks which rule. */
import { describe, expect, it } from 'vitest';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import {
  checkDeposit,
  checkOpenAccount,
  checkSubmissionId,
} from '../../../command-svc/field-rules.ts';

const ID = '0190c7b2-3f4e-7abc-8def-0123456789ab';
const EUR = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });
const deposit = (change: Partial<DepositItem>): DepositItem =>
  DepositItem.fromPartial({ accountId: ID, amount: EUR(1n), ...change });
const account = (change: Partial<OpenAccountRequest>): OpenAccountRequest =>
  OpenAccountRequest.fromPartial({ currencyCode: 'EUR', ...change });
const labels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));

/** As it comes from a caller: `fromPartial` makes plain objects, which cannot hold every key. */
function fromWire(keys: readonly string[]): OpenAccountRequest {
  const withoutLabels = account({});
  const entries = keys.map((key) => {
    const bytes = Buffer.from(key);
    return Buffer.from([0x2a, bytes.length + 2, 0x0a, bytes.length, ...bytes]);
  });
  const head = OpenAccountRequest.encode(withoutLabels).finish();
  return OpenAccountRequest.decode(Buffer.concat([head, ...entries]));
}

/** The violations as texts, each cut to the length of what is expected at its place. */
function startsOf(found: readonly FieldViolation[], expected: readonly string[]): string[] {
  return found.map(({ field, description }, i) =>
    `${field} ${description}`.slice(0, expected[i]?.length),
  );
}

describe('a deposit', () => {
  it.each<[string, Partial<DepositItem>, string[]]>([
    ['as small as it may be', {}, []],
    ['with an account id in capitals', { accountId: ID.toUpperCase() }, []],
    ['without an account', { accountId: '' }, ['account_id is required']],
    ['with a malformed account', { accountId: ID.slice(1) }, ['account_id must be a UUID']],
    ['of nothing', { amount: EUR(0n) }, ['amount.minor_units must be above 0']],
    ['below nothing', { amount: EUR(-1n) }, ['amount.minor_units must be above 0']],
    [
      'of a currency in small letters',
      { amount: { currencyCode: 'eur', minorUnits: 1n } },
      ['amount.currency_code must be an ISO 4217 code'],
    ],
    [
      'of no currency',
      { amount: { currencyCode: '', minorUnits: 0n } },
      ['amount.currency_code is required', 'amount.minor_units must be above 0'],
    ],
    ['with an operation id that is none', { operationId: 'x' }, ['operation_id must be a UUID']],
    ['with a reference of 140 characters', { reference: 'x'.repeat(140) }, []],
    ['with 140 characters of two units each', { reference: '\u{1f600}'.repeat(140) }, []],
    [
      'with 141 characters of two units each',
      { reference: '\u{1f600}'.repeat(141) },
      ['reference must have 140 characters'],
    ],
    [
      'with a reference that is too long',
      { reference: 'x'.repeat(141) },
      ['reference must have 140 characters'],
    ],
    ['with a zero character', { reference: 'a\0b' }, ['reference must not contain U+0000']],
    ['on a leap day', { valueDate: '2024-02-29' }, []],
    ['on a day that is none', { valueDate: '2026-02-29' }, ['value_date must be a date']],
    ['in a century without a leap day', { valueDate: '2100-02-29' }, ['value_date must be a date']],
    ['on the 31st of June', { valueDate: '2026-06-31' }, ['value_date must be a date']],
    ['in the year 0', { valueDate: '0000-01-01' }, ['value_date must be a date']],
    ['with a date in another form', { valueDate: '2026-6-3' }, ['value_date must be a date']],
    ['with a time of day', { valueDate: '2026-06-03T' }, ['value_date must be a date']],
  ])('%s', (_name, change, expected) => {
    const found = checkDeposit(deposit(change));
    expect(startsOf(found, expected)).toEqual(expected);
  });

  it('without an amount', () => {
    const found = checkDeposit({ ...deposit({}), amount: undefined });
    expect(found).toEqual([{ field: 'amount', description: 'is required' }]);
  });

  it('with all wrong names every field, in the order of the contract', () => {
    const fields = checkDeposit(
      deposit({ accountId: 'x', amount: EUR(0n), operationId: 'x', valueDate: 'x' }),
    ).map(({ field }) => field);
    expect(fields).toEqual(['account_id', 'amount.minor_units', 'operation_id', 'value_date']);
  });
});

describe('an account to open', () => {
  it.each<[string, Partial<OpenAccountRequest>, string[]]>([
    ['as small as it may be', {}, []],
    ['without a currency', { currencyCode: '' }, ['currency_code is required']],
    ['in gold', { currencyCode: 'XAU' }, ['currency_code must be an ISO 4217 code']],
    ['with a malformed id', { accountId: 'x' }, ['account_id must be a UUID']],
    ['with a limit', { overdraftLimit: EUR(100n) }, []],
    [
      'with a limit below 0',
      { overdraftLimit: EUR(-1n) },
      ['overdraft_limit.minor_units must be 0 or more'],
    ],
    [
      'with a limit in another currency',
      { overdraftLimit: { currencyCode: 'USD', minorUnits: 1n } },
      ["overdraft_limit.currency_code must be the account's"],
    ],
    ['with 16 labels', { labels: labels(16) }, []],
    ['with 17 labels', { labels: labels(17) }, ['labels must be 16 or fewer']],
    ['with an empty key', { labels: { '': 'v' } }, ['labels a key must not be empty']],
    ['with a long value', { labels: { k: 'v'.repeat(256) } }, ['labels a value must have']],
    ['with a long owner', { owner: 'x'.repeat(141) }, ['owner must have 140 characters']],
  ])('%s', (_name, change, expected) => {
    const found = checkOpenAccount(account(change));
    expect(startsOf(found, expected)).toEqual(expected);
  });

  it('with a label whose key plain objects do not take is refused, not opened without it', () => {
    const read = fromWire(['k', '__proto__', 'constructor']);
    expect(Object.keys(read.labels)).toEqual(['k', '__proto__', 'constructor']);
    expect(Object.getPrototypeOf(read.labels)).toBe(Object.prototype);
    expect(checkOpenAccount(read)).toEqual([
      { field: 'labels', description: 'a key must not be __proto__' },
    ]);
  });
});

describe('a submission id', () => {
  it.each([
    ['a', 0],
    ['A.b_c-9', 0],
    ['x'.repeat(128), 0],
    ['', 1],
    ['x'.repeat(129), 1],
    ['a/b', 1],
    ['a\n', 1],
  ])('%j breaks %i rules', (id, count) => {
    expect(checkSubmissionId(id)).toHaveLength(count);
  });
});
