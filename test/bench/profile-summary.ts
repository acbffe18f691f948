/**
 * Where a process spent its time: the functions with the most self time of a CPU profile that Node
 * wrote (--cpu-prof), idle time left out.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IDLE = '(idle)';

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({
        functionName: z.string(),
        url: z.string(),
        lineNumber: z.number(),
      }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export type CpuProfile = z.infer<typeof profileSchema>;
export type Cost = { readonly what: string; readonly ms: number; readonly part: number };

/** The greatest first; `part` is of the time that was not idle. */
export function largestCosts({ nodes, samples, timeDeltas }: CpuProfile, count: number): Cost[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const microseconds = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? IDLE;
    if (name === IDLE) return;
    microseconds.set(name, (microseconds.get(name) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  });
  const busy = [...microseconds.values()].reduce((sum, us) => sum + us, 0);
  return [...microseconds]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([what, us]) => ({ what, ms: us / 1000, part: us / busy }));
}

/** Of the newest profile in the folder; none when there is no profile. */
export function profileLines(folder: string, count: number): string[] {
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .toSorted()
    .at(-1);
  if (newest === undefined) return [];
  const content: unknown = JSON.parse(readFileSync(join(folder, newest), 'utf8'));
  return largestCosts(profileSchema.parse(content), count).map(({ what, ms, part }) => {
    const percent = `${(part * 100).toFixed(1)}%`.padStart(6);
    return `${percent} ${Math.round(ms).toString().padStart(7)} ms  ${what}`;
  });
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']) {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const path = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
  return `${name}  ${path}:${lineNumber + 1}`;
}
