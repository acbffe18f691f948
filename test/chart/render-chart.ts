/**
 * Renders the chart by Helm for sets of values, and answers each as text or as Helm's refusal.
 * Helm's library leaves out hooks, so what is rendered is a copy of the chart in which they are
 * ordinary objects, with the annotation `was-hook`.
 */
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Progress } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';
import { findHelmJars } from './chart-tools.ts';

export const CHART = fileURLToPath(new URL('../../deploy/helm/banking-es/', import.meta.url));
const RENDER = fileURLToPath(new URL('Render.java', import.meta.url));
const VALUES = fileURLToPath(new URL('values/', import.meta.url));
const RENDER_TIMEOUT_MS = 60_000;
/** Any that the chart takes: nothing in it asks for the version. */
const KUBE_VERSION = '1.34.2';

/** Files of values, one over the other; a name with a slash is a path. */
export type ValueSets = Readonly<Record<string, readonly string[]>>;
export type Rendered = { readonly text: string } | { readonly refusal: string };

export async function renderChart<Sets extends ValueSets>(
  sets: Sets,
  progress: Progress,
): Promise<Map<keyof Sets & string, Rendered>> {
  const jars = await findHelmJars(progress);
  const into = mkdtempSync(join(tmpdir(), 'banking-es-chart-'));
  const chart = copyWithoutHooks(into);
  try {
    const named = Object.entries(sets).map(
      ([name, files]) => `${name}=${files.map(valuesFile).join(',')}`,
    );
    const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(jars, '*')];
    await runTool('java', [...flags, RENDER, chart, into, KUBE_VERSION, ...named], {
      timeoutMs: RENDER_TIMEOUT_MS,
      missing: 'There is no Java: install a Java runtime, version 17 or newer',
    });
    return new Map(Object.keys(sets).map((name) => [name, readRendered(into, name)]));
  } finally {
    rmSync(into, { recursive: true });
  }
}

function copyWithoutHooks(into: string): string {
  const copy = join(into, 'chart');
  cpSync(CHART, copy, { recursive: true, dereference: true });
  for (const file of globSync('templates/*.yaml', { cwd: copy })) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replaceAll('helm.sh/hook:', 'was-hook:'));
  }
  return copy;
}

function valuesFile(name: string): string {
  return name.includes('/') ? name : join(VALUES, `${name}.yaml`);
}

function readRendered(into: string, name: string): Rendered {
  const path = join(into, `${name}.yaml`);
  if (existsSync(path)) return { text: readFileSync(path, 'utf8') };
  return { refusal: readFileSync(join(into, `${name}.error`), 'utf8') };
}
