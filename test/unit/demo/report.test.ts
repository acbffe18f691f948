/**
 * What the demo prints: amounts, percentiles, the bar, and nothing that steers a terminal.
 */
import { expect, test } from 'vitest';
import { createFindings } from '#deploy/demo/findings.ts';
import { createLatencies } from '#deploy/demo/latencies.ts';
import { grouped, progressText } from '#deploy/demo/progress-bar.ts';
import { row } from '#deploy/demo/report.ts';
import { moneyText } from '#deploy/demo/statement.ts';

test.each([
  ['EUR', 1250n, '12.50 EUR'],
  ['EUR', -5n, '-0.05 EUR'],
  ['JPY', 1250n, '1250 JPY'],
  ['KWD', 1n, '0.001 KWD'],
  ['EUR', -(2n ** 63n), '-92233720368547758.08 EUR'],
])('%s %d is %s', (currencyCode, minorUnits, text) => {
  expect(moneyText({ currencyCode, minorUnits })).toBe(text);
});

test('percentiles count each time as often as it has items', () => {
  const latencies = createLatencies();
  latencies.add(30, 1);
  latencies.add(10, 98);
  latencies.add(20, 1);
  expect([0.5, 0.98, 0.99, 1].map((part) => latencies.percentile(part))).toEqual([10, 10, 20, 30]);
  expect(createLatencies().percentile(0.5)).toBeNaN();
});

test('the bar shows what is sent, stored, visible, and the rate', () => {
  const text = progressText({ sent: 2_000, stored: 1_500, visible: 1_000 }, 4_000, 500);
  expect(text).toBe(
    '[######..................] sent 2,000  stored 1,500  visible 1,000 of 4,000  2,000/s',
  );
  expect(progressText({ sent: 0, stored: 0, visible: 0 }, 0, 0)).toContain('0/s');
  expect(grouped(1234567n)).toBe('1,234,567');
});

test('control characters of a file do not reach the terminal', () => {
  expect(row('no item', 'a\u001b[2Jb\u0000')).toBe('no item         a?[2Jb?');
});

test('findings keep a few differences of a kind and count the others', () => {
  const findings = createFindings();
  for (let n = 0; n < 8; n++) findings.equal('events', `account ${n}`, n, 0);
  findings.attempt('log', 'row 1', () => {
    throw new RangeError('bad bytes');
  });
  expect(findings.comparisons()).toBe(8);
  expect(findings.differences()).toEqual([
    ...[1, 2, 3, 4, 5].map((n) => `events: account ${n}: ${n}, expected 0`),
    'events: 2 more',
    'log: row 1 cannot be read: RangeError: bad bytes',
  ]);
});
