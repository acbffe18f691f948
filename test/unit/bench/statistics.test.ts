/** How runs become figures: medians, rates, verdicts, and what --only names. */
import { expect, test } from 'vitest';
import { FIGURES, matchingFigures, verdictOf } from '#test/bench/figures.ts';
import { FULL, QUICK } from '#test/bench/plan.ts';
import { rateBetween } from '#test/bench/progress-marks.ts';
import { SCENARIOS } from '#test/bench/run-scenarios.ts';
import { Samples } from '#test/bench/samples.ts';
import { measures } from '#test/bench/scenario.ts';
import { perSecond, summarize } from '#test/bench/statistics.ts';

test('a figure is the median, whatever the order of the runs', () => {
  expect(summarize([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30, runs: 3 });
  expect(summarize([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4, runs: 4 });
  expect(summarize([7])).toEqual({ median: 7, min: 7, max: 7, runs: 1 });
});

test.each([[[]], [[1, Number.NaN]], [[Infinity]]])('%j is no figure', (values: number[]) => {
  expect(() => summarize(values)).toThrow(RangeError);
});

test('rates are of seconds', () => {
  expect(perSecond(500, 250)).toBe(2_000);
});

test('a verdict says which goal is reached, in either direction', () => {
  const higher = { name: 'a', unit: '', target: { must: 2, aim: 3, better: 'higher' as const } };
  expect([1.99, 2, 3].map((value) => verdictOf(higher, value))).toEqual(['MISS', 'must', 'aim']);
  const lower = { name: 'b', unit: '', target: { must: 3, aim: 2, better: 'lower' as const } };
  expect([3.01, 3, 2].map((value) => verdictOf(lower, value))).toEqual(['MISS', 'must', 'aim']);
  expect(verdictOf({ name: 'c', unit: '' }, 1)).toBe('');
});

test('a name stands for itself, and for all that begin with it and a dot', () => {
  const names = (only?: string) => matchingFigures(only).map(({ name }) => name);
  expect(names('bulk.growth')).toEqual(['bulk.growth']);
  expect(names('query.get_account_over_empty_handler')).toHaveLength(2);
  expect(names('memory')).toHaveLength(3);
  expect(names('bulk.gro')).toEqual([]);
  expect(names()).toHaveLength(FIGURES.length);
});

test('every figure is measured by exactly one scenario', () => {
  const makers = FIGURES.map(({ name }) => {
    const scenarios = SCENARIOS.filter((scenario) => measures(scenario, name));
    return [name, scenarios.length];
  });
  expect(makers.filter(([, count]) => count !== 1)).toEqual([]);
});

test('samples of a figure that does not exist are refused, and drafts are taken over', () => {
  const samples = new Samples();
  expect(() => samples.add('bulk.speed', 1)).toThrow('no figure');
  const draft = new Samples();
  draft.add('bulk.growth', 1, 3);
  samples.add('bulk.growth', 2);
  samples.takeOver(draft);
  expect(samples.figures(FIGURES)).toEqual([
    { name: 'bulk.growth', unit: 'ratio', median: 2, min: 1, max: 3, runs: 3 },
  ]);
});

test('the rate between two counts is that of the marks that reach them', () => {
  const marks = [
    { items: 0, atMs: 0 },
    { items: 90, atMs: 900 },
    { items: 200, atMs: 1_000 },
    { items: 300, atMs: 1_500 },
  ];
  expect(rateBetween(marks, 0, 90)).toBe(100);
  expect(rateBetween(marks, 100, 300)).toBe(200);
  expect(rateBetween(marks, 100, 1_000)).toBe(200);
  expect(rateBetween(marks, 400, 500)).toBeNaN();
});

test('a quick run leaves no more accounts cached than cold ones are opened', () => {
  for (const plan of [FULL, QUICK]) {
    expect(plan.cachedAccountsMax).toBeLessThan(plan.coldAccounts);
    expect(plan.warmAccounts).toBeLessThan(plan.cachedAccountsMax);
    expect(plan.growthAt).toBeLessThan(plan.longItems);
  }
});
