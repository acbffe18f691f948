/**
 * docs/metrics.md is what the instruments say, and each of them says what it is: a name by the
 * conventions, a unit that the Prometheus page has a word for, and a sentence.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDeclaredMetrics } from '#deploy/telemetry/declared-metrics.ts';
import { metricsDocument } from '#deploy/telemetry/metrics-document.ts';
import { isKnownUnit, pageNameOf } from '#platform/metric-names.ts';

const DOCUMENT = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));
const UNITS_IN_NAMES = /(^|[._])(ms|us|s|sec|seconds|bytes|kb|mb|total|ratio|percent)$/;

test('docs/metrics.md is up to date: npm run docs:metrics', async () => {
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(await metricsDocument());
});

test('each instrument has a name, a unit and a sentence', async () => {
  const { byFolder, unmatched } = await readDeclaredMetrics();
  const all = [...byFolder.values()].flat();
  expect(unmatched).toEqual([]);
  expect(all.length).toBeGreaterThan(50);
  const wrong = all.filter(
    ({ name, unit, help }) =>
      !/^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$/.test(name) ||
      UNITS_IN_NAMES.test(name) ||
      !isKnownUnit(unit) ||
      !/^[A-Z].{10,}\.$|^[A-Z].{10,}[^.]$/.test(help),
  );
  expect(wrong.map(({ name }) => name)).toEqual([]);
  expect(new Set(all.map(pageNameOf)).size).toBe(all.length);
});
