/**
 * The steps of `npm test`, in order, with what each may take: the one table that test/run.ts
 * enforces. CONTRIBUTING.md shows it to people, and the style test holds the two together. A step
 * that grows past its limit is made faster or gets time that another step gives up: the sum never
 * passes CI_LIMIT_MINUTES.
 */
export const CI_LIMIT_MINUTES = 25;

/** `check`: one verdict by exit code. `vitest`: the project of that name, counted test by test. */
export type Step = { name: string; limitSeconds: number } & (
  { kind: 'check'; command: readonly [string, ...string[]] } | { kind: 'vitest'; project: string }
);

/** What faults strike for; the step also starts the mesh, and judges what the run has left. */
const MINUTES = ['--', '--minutes', '1.5'] as const;

export const STEPS: readonly Step[] = [
  { name: 'typecheck', limitSeconds: 12, kind: 'check', command: npmRun('typecheck') },
  { name: 'lint', limitSeconds: 14, kind: 'check', command: npmRun('lint') },
  { name: 'buf lint', limitSeconds: 4, kind: 'check', command: npmRun('lint:proto') },
  { name: 'generated code', limitSeconds: 7, kind: 'check', command: npmRun('check:generated') },
  { name: 'style', limitSeconds: 6, kind: 'vitest', project: 'style' },
  { name: 'unit', limitSeconds: 95, kind: 'vitest', project: 'unit' },
  { name: 'integration', limitSeconds: 470, kind: 'vitest', project: 'integration' },
  { name: 'tools', limitSeconds: 97, kind: 'check', command: npmRun('test:tools') },
  { name: 'alerts', limitSeconds: 10, kind: 'check', command: npmRun('check:alerts') },
  { name: 'chart', limitSeconds: 15, kind: 'check', command: npmRun('check:chart') },
  { name: 'e2e', limitSeconds: 645, kind: 'vitest', project: 'e2e' },
  { name: 'faults', limitSeconds: 125, kind: 'check', command: npmRun('test:faults', ...MINUTES) },
];

function npmRun(script: string, ...more: readonly string[]): readonly [string, ...string[]] {
  return ['npm', 'run', '--silent', script, ...more];
}
