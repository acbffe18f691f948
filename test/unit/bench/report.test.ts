/** The table and the JSON of the benchmark. */
import { expect, test } from 'vitest';
import { matchingFigures } from '#test/bench/figures.ts';
import { numberText, reportJson, reportTable, shortcomings } from '#test/bench/report.ts';
import { Samples } from '#test/bench/samples.ts';

const samples = new Samples();
samples.add('bulk.growth', 0.7, 0.9, 0.79);
samples.add('floor.per_s', 123_456.7);
const figures = samples.figures(matchingFigures(undefined));

test('a row has its numbers, its targets and what is reached', () => {
  const [header, growth, floor] = reportTable(figures).map((line) => line.split(/  +/));
  expect(header?.slice(0, 5)).toEqual(['figure', 'median', 'min', 'max', 'runs']);
  expect(growth).toEqual([
    'bulk.growth',
    '0.79',
    '0.70',
    '0.90',
    '3',
    'ratio',
    '>= 0.80',
    '>= 0.95',
    'MISS',
  ]);
  expect(floor).toEqual(['floor.per_s', '123,457', '123,457', '123,457', '1', '1/s']);
});

test('what is missed and what has no run is said', () => {
  const wanted = [...matchingFigures('bulk.growth'), ...matchingFigures('bulk.over_unary')];
  expect(shortcomings(wanted, figures)).toEqual([
    'bulk.growth misses: 0.79, must >= 0.80',
    'bulk.over_unary has no figure',
  ]);
});

test('the JSON has the fields of its contract, unrounded', () => {
  expect(JSON.parse(reportJson(figures))).toEqual({
    figures: [
      { name: 'bulk.growth', unit: 'ratio', median: 0.79, min: 0.7, max: 0.9, runs: 3 },
      {
        name: 'floor.per_s',
        unit: '1/s',
        median: 123_456.7,
        min: 123_456.7,
        max: 123_456.7,
        runs: 1,
      },
    ],
  });
});

test.each([
  [0.5, '0.50'],
  [12.34, '12.3'],
  [99.94, '99.9'],
  [45_000, '45,000'],
])('%d is shown as %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});
