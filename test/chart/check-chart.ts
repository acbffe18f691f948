/**
 * npm run check:chart: renders the chart with several sets of values and holds what comes out
 * against Kubernetes' schemas of two versions (kubeconform, strict) and against rules of our own;
 * what must not be installed is refused by sentences. Prints each problem; exit code 1 with any.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorText } from '#deploy/error-text.ts';
import { valuesDocument, VALUES_DOCUMENT } from '#deploy/helm/values-document.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';
import { findKubeconform } from './chart-tools.ts';
import { isInImage } from './image-files.ts';
import { parseObjects } from './objects.ts';
import { CHART, renderChart, type Rendered } from './render-chart.ts';
import { linkProblems } from './rules/links.ts';
import { monitoringProblems } from './rules/monitoring.ts';
import { podProblems } from './rules/pods.ts';
import { policyProblems } from './rules/policies.ts';
import { settingsProblems } from './rules/settings.ts';
import { variableProblems } from './rules/variables.ts';

const SCHEMAS = fileURLToPath(new URL('../fixtures/kubernetes/', import.meta.url));
const KUBERNETES_VERSIONS = ['1.31.14', '1.34.2'];
const KUBECONFORM_TIMEOUT_MS = 60_000;
/** The page is a service of its own, which may not be there. */
const CONSOLE = isInImage('console-svc/main.ts') ? ['console'] : [];
const GOOD = {
  required: ['required'],
  everything: ['required', 'everything', ...CONSOLE],
  outside: ['required', 'outside'],
  dev: [join(CHART, 'values-dev.yaml')],
};
const REFUSED = { bare: [], misspelt: ['required', 'misspelt'] };
/** What each refusal must say. */
const SENTENCES: Readonly<Record<keyof typeof REFUSED, readonly string[]>> = {
  bare: ['auth.mode: say', 'tls.secret: name', 'postgres.passwordsSecret: name', 'redis.urlSecret'],
  misspelt: ["additional properties 'enabld' not allowed"],
};

async function check(): Promise<string[]> {
  const rendered = await renderChart({ ...GOOD, ...REFUSED }, progressLines);
  const good = Object.keys(GOOD).map((name): [string, string] => [name, textOf(rendered, name)]);
  const problems = good.flatMap(([name, text]) =>
    ruleProblems(name, text).map((problem) => `${name}: ${problem}`),
  );
  const objects = good.map(([name, text]) => [name, parseObjects(text)] as const);
  problems.push(...(await settingsProblems(new Map(objects))));
  for (const version of KUBERNETES_VERSIONS)
    problems.push(...(await schemaProblems(version, good)));
  problems.push(...Object.entries(SENTENCES).flatMap(([name, all]) => said(rendered, name, all)));
  if (readFileSync(VALUES_DOCUMENT, 'utf8') !== valuesDocument()) {
    problems.push('README.md of the chart is not of its values: npm run generate:chart');
  }
  return problems;
}

function textOf(rendered: ReadonlyMap<string, Rendered>, name: string): string {
  const result = rendered.get(name);
  if (result !== undefined && 'text' in result) return result.text;
  throw new Error(`Helm refuses the values ${name}: ${result?.refusal}`);
}

function ruleProblems(name: string, text: string): string[] {
  const objects = parseObjects(text);
  return [
    ...linkProblems(objects),
    ...podProblems(objects),
    ...variableProblems(objects),
    ...policyProblems(objects),
    ...(name === 'everything' ? monitoringProblems(objects) : []),
  ];
}

async function schemaProblems(
  version: string,
  good: readonly (readonly [string, string])[],
): Promise<string[]> {
  const kubeconform = await findKubeconform(progressLines);
  const folder = mkdtempSync(join(tmpdir(), 'banking-es-chart-'));
  const locations = [`v${version}`, 'operator'].flatMap((name) => [
    '-schema-location',
    join(SCHEMAS, name, '{{.ResourceKind}}{{.KindSuffix}}.json'),
  ]);
  try {
    for (const [name, text] of good) writeFileSync(join(folder, `${name}.yaml`), text);
    const flags = ['-strict', '-kubernetes-version', version, ...locations, folder];
    await runTool(kubeconform, flags, { timeoutMs: KUBECONFORM_TIMEOUT_MS, missing: kubeconform });
    return [];
  } catch (error) {
    return [`Kubernetes ${version}: ${errorText(error)}`];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function said(
  rendered: ReadonlyMap<string, Rendered>,
  name: string,
  sentences: readonly string[],
): string[] {
  const result = rendered.get(name);
  if (result === undefined || 'text' in result) return [`${name}: is not refused`];
  return sentences
    .filter((sentence) => !result.refusal.includes(sentence))
    .map((sentence) => `${name}: the refusal does not say "${sentence}": ${result.refusal}`);
}

try {
  const problems = await check();
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.info(`the chart is well: ${Object.keys(GOOD).join(', ')}`);
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
