/**
 * The dashboards and alert rules against what the services tell: each metric in them is in
 * docs/metrics.md, each alert has its section in docs/operations.md and its tests, and the JSON is
 * what the tables make. That they bring data is npm run check:dashboards; what rules do, promtool.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { dashboardJson } from '#deploy/grafana/dashboard-json.ts';
import { PAGES } from '#deploy/grafana/pages.ts';
import { readAlertExpectations, readAlertRules } from '#test/dashboards/alert-rules.ts';
import { documentedMetrics, metricsIn, selectorsIn, withWindow } from '#test/dashboards/promql.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const documented = documentedMetrics(read('docs/metrics.md'));
/** Prometheus' own. */
const OTHERS = new Set(['up']);

function unknownIn(expr: string): string[] {
  const names = metricsIn(withWindow(expr, '1m'), documented);
  return names.filter((name) => !documented.has(name) && !OTHERS.has(name));
}

describe('the dashboards', () => {
  const panels = PAGES.flatMap(({ rows }) => rows).flatMap((row) => row.panels);
  const queries = panels.flatMap((panel) => panel.queries);

  test('are written as the tables have them: npm run generate:dashboards', () => {
    const files = readdirSync(`${root}/deploy/grafana/dashboards`);
    expect(files.toSorted()).toEqual(PAGES.map(({ uid }) => `${uid}.json`).toSorted());
    for (const page of PAGES) {
      expect(read(`deploy/grafana/dashboards/${page.uid}.json`)).toBe(dashboardJson(page));
    }
  });

  test('ask for metrics that docs/metrics.md lists', () => {
    expect(queries.length).toBeGreaterThan(80);
    expect(queries.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  });

  test('have a sentence for each panel, and a legend for each query', () => {
    const wrong = panels.filter(
      ({ description, queries: asked }) =>
        !/^[A-Z0-9].*\.$/.test(description) ||
        asked.length === 0 ||
        asked.some(({ legend }) => legend === ''),
    );
    expect(wrong.map(({ title }) => title)).toEqual([]);
  });

  test('show 0 in the place of nothing only where nothing is good news', () => {
    const wrong = queries.filter(
      ({ expr, isQuiet }) => expr.includes('vector(') !== (isQuiet ?? false),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the alerts', () => {
  const rules = readAlertRules();
  const names = rules.map(({ alert }) => alert);

  test('have a name each', () => {
    expect(names.length).toBeGreaterThan(30);
    expect(new Set(names).size).toBe(names.length);
  });

  test('ask for metrics that docs/metrics.md lists', () => {
    expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  });

  test('have a section in docs/operations.md, and it has none besides', () => {
    const titles = [...read('docs/operations.md').matchAll(/^#+ (Bank\w+)$/gm)];
    expect(titles.map(([, title = '']) => title).toSorted()).toEqual(names.toSorted());
    const links = rules.map(({ annotations }) => annotations.runbook_url);
    const expected = names.map((name) => `docs/operations.md#${name.toLowerCase()}`);
    expect(links).toEqual(expected);
  });

  test('are tested to fire, and not to fire', () => {
    const expectations = readAlertExpectations();
    const tested = (fires: boolean): Set<string> =>
      new Set(expectations.filter((one) => one.fires === fires).map(({ alert }) => alert));
    expect(names.filter((name) => !tested(true).has(name))).toEqual([]);
    expect(names.filter((name) => !tested(false).has(name))).toEqual([]);
  });
});

describe('an expression', () => {
  test('has the selectors that it names', () => {
    const expr = 'sum by (le) (rate(a_bucket{job="b", x!~"c|d"}[5m])) / max(e) or vector(0)';
    expect(selectorsIn(expr)).toEqual([
      { name: 'a_bucket', text: 'a_bucket{job="b", x!~"c|d"}' },
      { name: 'e', text: 'e' },
    ]);
    expect(metricsIn(expr, new Set(['a']))).toEqual(['a', 'e']);
  });

  test('is refused where it is none', () => {
    expect(() => selectorsIn('sum(rate(a[5m])')).toThrow('no PromQL at character');
  });
});
