/** Texts that would be markup, money and rates as the console writes them. */
import { expect, test } from 'vitest';
import { html } from '../../../console-svc/html.ts';
import { createItemCounts } from '../../../console-svc/item-counts.ts';
import { createRates } from '../../../console-svc/rates.ts';
import { amount, money } from '../../../console-svc/shown-values.ts';

test('a text in a template is a text, HTML of a template is not escaped again', () => {
  const text = `<script>"&'`;
  const inner = html`<b title="${text}">${text}</b>`;
  const escaped = '&lt;script&gt;&quot;&amp;&#39;';
  expect(html`<p>${inner}${[text, 1n, false, undefined]}</p>`.toString()).toBe(
    `<p><b title="${escaped}">${escaped}</b>${escaped}1</p>`,
  );
});

test.each([
  ['EUR', 125_050n, '1,250.50 EUR'],
  ['EUR', -5n, '-0.05 EUR'],
  ['JPY', 1_250n, '1,250 JPY'],
  ['BHD', 1_250n, '1.250 BHD'],
  ['EUR', 2n ** 63n - 1n, '92,233,720,368,547,758.07 EUR'],
])('%s %i is written %s', (currencyCode, minorUnits, text) => {
  expect(money({ currencyCode, minorUnits })).toBe(text);
});

test('amounts have their unit', () => {
  expect(amount(1_536n, 'bytes')).toBe('1.5 KiB');
  expect(amount(2_500n, 'ms')).toBe('2.5 s');
  expect(amount(20_000n, 'records')).toBe('20,000');
  expect(amount(undefined, 'ms')).toBe('-');
});

test('a rate is over some seconds, and never below zero', () => {
  const rates = createRates();
  const note = (atMs: number, storedRecords: number | undefined): void =>
    rates.note(atMs, {
      storedRecords,
      projectedRecords: undefined,
      storedItems: undefined,
      visibleItems: undefined,
    });
  expect(rates.now('storedRecords')).toBeUndefined();
  [0, 10, 20, 30, 70].forEach((count, at) => note(at * 1_000, count));
  expect(rates.now('storedRecords')).toBe(20);
  expect(rates.now('projectedRecords')).toBeUndefined();
  expect(rates.past('storedRecords')).toEqual([10, 10, 10, 20]);
  note(5_000, 0); // an older copy was restored
  expect(rates.now('storedRecords')).toBe(0);
});

test('what submissions grow by is counted, not what they had before', () => {
  const counts = createItemCounts();
  expect(counts.note(new Map([['old', 500]]))).toBe(0);
  expect(
    counts.note(
      new Map([
        ['old', 510],
        ['new', 20],
      ]),
    ),
  ).toBe(30);
  expect(counts.note(new Map([['new', 25]]))).toBe(35);
});
