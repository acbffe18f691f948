/**
 * A case that fails, with every step left out that it fails without, also those inside a batch.
 * Values are fast-check's to shrink, before; it leaves steps behind that stand between others.
 */
import type { SentStep } from '#test/support/bank-model-steps.ts';

export type Fails = (steps: readonly SentStep[]) => Promise<boolean>;
type Steps = readonly SentStep[];

const ROUNDS_MAX = 4;

export async function shortened(steps: Steps, fails: Fails): Promise<Steps> {
  let left = steps;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = sizeOf(left);
    for (let at = left.length - 1; at >= 0; at--) {
      const without = left.toSpliced(at, 1);
      left = (await fails(without)) ? without : await withShorterBatch(left, at, fails);
    }
    if (sizeOf(left) === before) break;
  }
  return left;
}

async function withShorterBatch(steps: Steps, at: number, fails: Fails): Promise<Steps> {
  const { on, step } = steps[at] ?? {};
  if (on === undefined || step?.do !== 'batch') return steps;
  let left = steps;
  let inside = step.steps;
  for (let n = inside.length - 1; n >= 0; n--) {
    const fewer = inside.toSpliced(n, 1);
    const shorter = steps.with(at, { on, step: { ...step, steps: fewer } });
    if (!(await fails(shorter))) continue;
    left = shorter;
    inside = fewer;
  }
  return left;
}

function sizeOf(steps: Steps): number {
  return steps.reduce((sum, { step }) => sum + (step.do === 'batch' ? step.steps.length : 1), 0);
}
