/**
 * Files of `bank bulk` as numbered items: any field goes through, a broken line costs itself only,
 * and the same file is the same submission however it is packed.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldsOf } from '#client/cli/bulk-csv.ts';
import { itemsFrom, numberedLines } from '#client/cli/bulk-file.ts';
import { fingerprint } from '#client/cli/bulk-fingerprint.ts';
import { CommandError } from '#client/cli/command-context.ts';
import { csvLine } from '#client/cli/csv-row.ts';
import { ItemsMissingError } from '#client/upload-parts.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { ACCOUNT, fileOf, HEADER, read, signal } from './bulk-files.ts';

describe('CSV', () => {
  test('any fields are what was written', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', ' ', '\u00fc') });
    const fields = fc.array(field, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fields, fc.constantFrom(',', ';', '\t'), (values, delimiter) => {
        expect(fieldsOf(csvLine(values, delimiter), delimiter)).toEqual(values);
      }),
    );
  });

  test('a broken line costs itself only', async () => {
    const file = await fileOf(
      [
        HEADER,
        `${ACCOUNT},1.00,EUR,one`,
        `"${ACCOUNT},1.00,EUR,never closed`,
        `${ACCOUNT},2.00,EUR,5" nail`,
        `${ACCOUNT},2.00,EUR,"over\ntwo, lines"`,
        '',
        `${ACCOUNT},2.00`,
        `${ACCOUNT},1.005,EUR,`,
        `,2.00,EUR,`,
        `${ACCOUNT},2.00,,`,
        `${ACCOUNT},3.00,EUR,last`,
      ].join('\r\n'),
    );
    const { items, lines, problems } = await read(file);
    expect(items.map(({ reference }) => reference)).toEqual(['one', 'over\ntwo, lines', 'last']);
    expect(lines).toEqual([2, 5, 12]);
    expect(problems).toEqual([
      '3: a quote is not closed',
      '4: a quote within a field that does not begin with one',
      '8: 2 fields where the header has 4',
      '9: amount "1.005" has more than the 2 decimals of EUR',
      '10: account_id is empty',
      '11: amount "2.00" has no currency: see --currency',
    ]);
  });

  test('other columns, comma, currency and encoding', async () => {
    const text = `Konto;Betrag;Zweck\n${ACCOUNT};1.234,50;M\u00e4rz\n${ACCOUNT};12.50;\n`;
    const file = await fileOf(Buffer.from(text, 'latin1'), {
      delimiter: ';',
      map: { account_id: 'Konto', amount: 'Betrag', reference: 'Zweck' },
      currency: 'EUR',
      decimalComma: true,
      encoding: 'windows-1252',
    });
    const { items, problems } = await read(file);
    expect(items.map(({ amount, reference }) => [amount?.minorUnits, reference])).toEqual([
      [123450n, 'M\u00e4rz'],
    ]);
    expect(problems).toHaveLength(1);
  });

  test.each([
    ['an empty file', '', /is empty/],
    ['a header without an amount', `account_id,currency\n`, /no column amount; name/],
    ['a file of lines that end with CR', `account_id,amount\r${ACCOUNT},1.00 EUR\r`, /CR alone/],
    ['a column twice', `account_id,amount,amount\n`, /twice/],
  ])('%s is refused', async (_, text, message) => {
    await expect(read(await fileOf(text))).rejects.toThrow(message);
  });
});

describe('NDJSON', () => {
  const line = (fields: object) => JSON.stringify({ account_id: ACCOUNT, ...fields });

  test('amounts are texts, with their currency beside or behind', async () => {
    const lines = [
      line({ amount: '12.50 EUR', reference: 'a\nb' }),
      line({ amount: '12.50', currency: 'EUR' }),
      line({ amount: 12.5, currency: 'EUR' }),
      line({ amount: '12.50 EUR', currency: 'USD' }),
      '[1]',
      '{"account_id":',
    ];
    const { items, problems } = await read(await fileOf(lines.join('\n'), { format: 'ndjson' }));
    expect(items.map(({ amount }) => amount?.minorUnits)).toEqual([1250n, 1250n]);
    expect(problems.map((problem) => problem.slice(0, 40))).toEqual([
      '3: amount must be a text, as "12.50": a ',
      '4: amount "12.50 EUR" is not in USD',
      '5: no JSON object',
      expect.stringMatching(/^6: no JSON: /),
    ]);
  });
});

describe('a file', () => {
  const text = `${HEADER}\n${ACCOUNT},1.00,EUR,a\nx\n${ACCOUNT},2.00,EUR,b\n`;

  test.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    [
      'gzip of two members',
      (bytes: Buffer) =>
        Buffer.concat([gzipSync(bytes.subarray(0, 50)), gzipSync(bytes.subarray(50))]),
    ],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ])('%s is the same lines and the same submission', async (_, packed) => {
    const file = await fileOf(packed(Buffer.from(text)));
    expect((await read(file)).lines).toEqual([2, 4]);
    const plain = await fileOf(text);
    const print = await fingerprint(file.input, 'utf-8', signal);
    expect(print).toEqual(await fingerprint(plain.input, 'utf-8', signal));
    expect(print.lines).toBe(4);
  });

  test.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['gzip', (text: string) => gzipSync(text)],
  ])('%s, of which a reading stopped early, is read again', async (_, packed) => {
    const file = await fileOf(packed(`${HEADER}\n${`${ACCOUNT},1.00,EUR,a\n`.repeat(20_000)}`));
    const { chunks } = numberedLines(file);
    expect((await chunks.next()).done).toBe(false);
    await chunks.return();
    expect((await read(file)).lines).toHaveLength(20_000);
  });

  test('cut off in its compression, or no text, is refused before anything is sent', async () => {
    const cut = await fileOf(gzipSync(text).subarray(0, 60));
    await expect(fingerprint(cut.input, 'utf-8', signal)).rejects.toThrow(CommandError);
    const other = await fileOf(Buffer.from('account_id\n\xfc\n', 'latin1'));
    await expect(fingerprint(other.input, 'utf-8', signal)).rejects.toThrow(/no utf-8 text/);
  });

  test('can be read from any item on, but not from behind its end', async () => {
    const file = await fileOf(text);
    const from = async (index: number) => {
      const tally = { items: 0, malformed: 0 };
      const items: DepositItem[] = [];
      for await (const item of itemsFrom(file, index, tally)) items.push(item);
      expect(tally).toEqual({ items: 2, malformed: 1 });
      return items.map(({ reference }) => reference);
    };
    expect(await from(0)).toEqual(['a', 'b']);
    expect(await from(1)).toEqual(['b']);
    await expect(from(3)).rejects.toThrow(ItemsMissingError);
  });
});
