/**
 * The rejects file of `bank bulk`: what was refused, as it was written, so that it can be sent
 * again as it is.
 */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '#client/cli/bulk-fingerprint.ts';
import { writeRejects } from '#client/cli/bulk-rejects.ts';
import { csvLine } from '#client/cli/csv-row.ts';
import { ACCOUNT, fileOf, folder, HEADER, read, rejects, signal } from './bulk-files.ts';

describe('a rejects file', () => {
  const line = (fields: object) => JSON.stringify({ account_id: ACCOUNT, ...fields });

  test('of NDJSON is the lines with the reason besides', async () => {
    const file = await fileOf(`${line({ amount: '1.00 EUR', extra: 1e300 })}\nnonsense\n`, {
      format: 'ndjson',
    });
    const [first = '', second = ''] = (await rejects(file, [0])).split('\n');
    expect(first).toContain('"extra":1e+300,"reason":"NO"');
    expect(JSON.parse(second)).toMatchObject({ line: 2, text: 'nonsense' });
    const again = await fileOf(`${first}\n`, { format: 'ndjson' });
    expect((await read(again)).items).toHaveLength(1);
    expect((await rejects(again, [0])).split('\n')[0]).toBe(first);
  });

  test.each([
    ['csv', 'account_id,amount,message\n', `${ACCOUNT},1.00 EUR,salary\n`],
    ['ndjson', '', `${line({ amount: '1.00 EUR', message: 'salary' })}\n`],
  ] as const)(
    'of %s leaves what the file has under its own names',
    async (format, header, text) => {
      const reading = { format, map: { reference: 'message' } };
      const first = await rejects(await fileOf(`${header}${text}`, reading), [0]);
      expect(first).toContain('NO');
      const { items } = await read(await fileOf(first, reading));
      expect(items.map(({ reference }) => reference)).toEqual(['salary']);
    },
  );

  test('of any lines gives the refused ones again, and only those', async () => {
    // No comma: an open quote and a text with three of them make a row of the right columns.
    const reference = fc.string({ unit: fc.constantFrom('a', '"', '\n', '\u20ac', ' ') });
    const row = fc.oneof(
      fc.record({ reference, refused: fc.boolean() }),
      fc.constantFrom('x', 'a,b,c,d,e', ',1.00,EUR,', '"open'),
    );
    const rows = fc.array(row, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, async (rows) => {
        const items = rows.filter((row) => typeof row !== 'string');
        const text = rows.map((row) =>
          typeof row === 'string' ? row : csvLine([ACCOUNT, '1.00', 'EUR', row.reference], ','),
        );
        const file = await fileOf([HEADER, ...text, ''].join('\n'));
        const refused = items.flatMap(({ refused }, index) => (refused ? [index] : []));
        const first = await rejects(file, refused);
        const again = await read(await fileOf(first));
        const wanted = items.filter(({ refused }) => refused).map(({ reference }) => reference);
        expect(again.items.map(({ reference }) => reference)).toEqual(wanted);
        expect(again.problems).toHaveLength(rows.length - items.length);
        // All of it refused again: the same file, not one that grows.
        const all = wanted.map((_, index) => index);
        if (rows.length === items.length)
          expect(await rejects(await fileOf(first), all)).toBe(first);
      }),
      { numRuns: 40 },
    );
  });

  test.each(['windows-1252', 'utf-16le'] as const)(
    'of a file in %s is sent with the same options',
    async (encoding) => {
      const text = `${HEADER}\n${ACCOUNT},1.00,EUR,M\u00e4rz\n`;
      const bytes = Buffer.from(text, encoding === 'utf-16le' ? encoding : 'latin1');
      const first = await rejects(await fileOf(bytes, { encoding }), [0]);
      const again = await fileOf(first, { encoding });
      expect((await read(again)).items).toMatchObject([{ reference: 'M\u00e4rz' }]);
      expect(await fingerprint(again.input, encoding, signal)).toMatchObject({ lines: 2 });
      expect(await rejects(again, [0])).toBe(first);
    },
  );

  test('is written by each of two who send the same file', async () => {
    const file = await fileOf(`${HEADER}\nx\n`);
    const path = join(folder, 'twice.csv');
    const request = () => ({ file, path, rejections: Readable.from([]), signal });
    const written = await Promise.all([writeRejects(request()), writeRejects(request())]);
    expect(written).toEqual([1, 1]);
    expect(readdirSync(folder).filter((name) => name.includes('draft'))).toEqual([]);
  });

  test('that cannot be written is told with what to do next', async () => {
    const file = await fileOf(`${HEADER}\nx\n`);
    const path = join(folder, 'nowhere', 'a.csv');
    const writing = writeRejects({ file, path, rejections: Readable.from([]), signal });
    await expect(writing).rejects.toThrow(
      /a\.csv cannot be written: .*All items are stored: .*--rej/,
    );
  });

  test('of a file that has changed meanwhile is not written', async () => {
    const file = await fileOf(`${HEADER}\nx\n`);
    appendFileSync(join(folder, file.input.name), 'y\n');
    await expect(rejects(file, [])).rejects.toThrow('the file has changed');
  });

  test('that somebody has corrected is kept', async () => {
    const file = await fileOf(`${HEADER}\nx\n`);
    const path = join(folder, 'kept.csv');
    writeFileSync(path, 'corrected');
    for (let n = 0; n < 2; n++) {
      await writeRejects({ file, path, rejections: Readable.from([]), signal });
      expect(readFileSync(`${path}.old`, 'utf8')).toBe('corrected');
      expect(readFileSync(path, 'utf8')).toContain('x,,,,MALFORMED_LINE');
    }
  });
});
