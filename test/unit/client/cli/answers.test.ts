/** How answers look: in columns, as JSON, as CSV. */
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { ACCOUNT } from '#client/cli/account-columns.ts';
import { listWriter, writeAnswer } from '#client/cli/answer-writer.ts';
import type { OutputFormat } from '#client/cli/command-context.ts';
import { jsonOf } from '#client/cli/contract-json.ts';
import { csvRow } from '#client/cli/csv-row.ts';
import { ENTRIES } from '#client/cli/entry-columns.ts';
import { textTable } from '#client/cli/text-table.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { Account, Entry } from '#proto/bank/v1/account.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';

const AT = timestampFromMicros(1_782_856_800_123_456n);
const ACCOUNT_ID = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
const eur = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });
const entry = (version: bigint, amount: bigint, reference: string): Entry =>
  Entry.fromPartial({
    version,
    type: EntryType.ENTRY_TYPE_MONEY_DEPOSITED,
    recordedAt: AT,
    valueDate: '2026-06-30',
    amount: eur(amount),
    balanceAfter: eur(amount + 1n),
    reference,
  });
const LIST = [entry(2n, 123_456n, 'Salary'), entry(10n, -5n, 'say "hi", all\u001b[2J')];

function captured(output: OutputFormat, columns?: number) {
  const said = { text: '' };
  const stdout = new Writable({
    write: (chunk: Buffer, _, done) => {
      said.text += chunk.toString();
      done();
    },
  });
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const { signal } = new AbortController();
  return { said, context: { output, stdout: Object.assign(stdout, terminal), signal } };
}

async function written(output: OutputFormat, columns?: number): Promise<string> {
  const { said, context } = captured(output, columns);
  const json = jsonOf('bank.v1.Entry', Entry);
  const writer = listWriter(context, ENTRIES, json, (entries) => ({ entries }));
  for (const one of LIST) await writer.write([one]);
  await writer.end();
  return said.text;
}

test('a table: money to the right, control characters as question marks', async () => {
  const titles = 'RECORDED              VALUE DATE  TYPE';
  const day = '2026-06-30T22:00:00Z  2026-06-30';
  expect(await written('table')).toBe(
    [
      `VERSION  ${titles}                   AMOUNT       BALANCE  REFERENCE`,
      `      2  ${day}  money deposited  1,234.56 EUR  1,234.57 EUR  Salary`,
      `     10  ${day}  money deposited     -0.05 EUR     -0.04 EUR  say "hi", all?[2J`,
      '',
    ].join('\n'),
  );
});

test('a table is no wider than its terminal: what may shrink is cut', async () => {
  const lines = (await written('table', 98)).trimEnd().split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(98);
  expect(lines[2]).toMatch(/say "hi\.\.\.$/);
});

test('columns count what a terminal shows, not characters', () => {
  const table = textTable([
    { title: 'OWNER', value: ([owner]: readonly string[]) => owner ?? '' },
    { title: 'N', value: ([, n]: readonly string[]) => n ?? '' },
  ]);
  const cjk = String.fromCodePoint(0x9280, 0x884c); // two characters, four columns
  expect(
    table.lines([
      [cjk, '1'],
      ['Ada', '2'],
    ]),
  ).toEqual(['OWNER  N', `${cjk}   1`, 'Ada    2']);
});

test('CSV: the columns of the contract, quoted by RFC 4180', async () => {
  const at = '2026-06-30T22:00:00.123456Z';
  expect(await written('csv')).toBe(
    'version,recorded_at,value_date,type,amount_minor,balance_minor,currency,reference,' +
      'operation_id,submission_id,item_index,counterpart_account_id,counterpart_version,hold_id,' +
      'reversed_version,reversed_by_version\r\n' +
      `2,${at},2026-06-30,ENTRY_TYPE_MONEY_DEPOSITED,123456,123457,EUR,Salary,,,,,,,,\r\n` +
      `10,${at},2026-06-30,ENTRY_TYPE_MONEY_DEPOSITED,-5,-4,EUR,` +
      '"say ""hi"", all\u001b[2J",,,,,,,,\r\n',
  );
  expect(csvRow(['a\nb', 'c\rd', 'e', ''])).toBe('"a\nb","c\rd",e,\r\n');
});

test('JSON: one value, as protobuf writes it; a line each with ndjson', async () => {
  const first = {
    version: '2',
    type: 'ENTRY_TYPE_MONEY_DEPOSITED',
    recordedAt: '2026-06-30T22:00:00.123456Z',
    amount: { currencyCode: 'EUR', minorUnits: '123456' },
    balanceAfter: { currencyCode: 'EUR', minorUnits: '123457' },
    reference: 'Salary',
    valueDate: '2026-06-30',
  };
  const whole: unknown = JSON.parse(await written('json'));
  expect(whole).toEqual({ entries: [first, expect.objectContaining({ version: '10' })] });
  const lines = (await written('ndjson')).trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? '')).toEqual(first);
});

test('one account: a fact a line, what is empty left out', async () => {
  const { said, context } = captured('table');
  const account = Account.fromPartial({
    accountId: ACCOUNT_ID,
    status: 1,
    balance: eur(-125_000n),
    asOfVersion: 3n,
    creditsFrozen: true,
    openedAt: AT,
  });
  await writeAnswer(context, { json: null, rows: [account], columns: ACCOUNT });
  expect(said.text).toBe(
    [
      `account  ${ACCOUNT_ID}`,
      'status   open, credits frozen',
      'balance  -1,250.00 EUR',
      'version  3',
      'opened   2026-06-30T22:00:00Z\n',
    ].join('\n'),
  );
});

test('an empty list: titles for people and CSV, a list in JSON, nothing in ndjson', async () => {
  const texts = [];
  for (const output of ['table', 'csv', 'json', 'ndjson'] as const) {
    const { said, context } = captured(output);
    const columns = {
      table: [{ title: 'A', value: String }],
      csv: [{ title: 'a', value: String }],
    };
    await listWriter(context, columns, String, (all) => ({ all })).end();
    texts.push(said.text);
  }
  expect(texts).toEqual(['A\n', 'a\r\n', '{\n  "all": []\n}\n', '']);
});
