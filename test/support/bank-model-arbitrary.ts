/**
 * The steps of a run at random: accounts that are opened first, then commands of every kind, alone,
 * in batches, and in chains of what belongs together, which make the rare branches likely.
 */
import fc from 'fast-check';
import {
  chain,
  first,
  keyed,
  of,
  placedChain,
  plain,
  second,
  toSecond,
  type Steps,
} from '#test/support/bank-model-chains.ts';
import {
  account,
  back,
  captureHold,
  closeAccount,
  deposit,
  freezeAccount,
  oneIn,
  openAccount,
  placeHold,
  releaseHold,
  reverseOperation,
  setOverdraftLimit,
  transfer,
  unfreezeAccount,
  withdraw,
} from '#test/support/bank-model-kinds.ts';
import type { AgainStep, OneStep, SentStep, Step } from '#test/support/bank-model-steps.ts';

const BLOCKS_MAX = 24;
const BATCH_STEPS_MAX = 5;
/** Steps of one block. */
const TOGETHER_MAX = 7;

const command: fc.Arbitrary<OneStep> = fc.oneof(
  { weight: 2, arbitrary: openAccount() },
  { weight: 8, arbitrary: deposit() },
  { weight: 8, arbitrary: withdraw() },
  { weight: 9, arbitrary: transfer() },
  { weight: 8, arbitrary: placeHold() },
  { weight: 9, arbitrary: captureHold() },
  { weight: 4, arbitrary: releaseHold() },
  { weight: 5, arbitrary: setOverdraftLimit() },
  { weight: 2, arbitrary: freezeAccount() },
  { weight: 4, arbitrary: unfreezeAccount() },
  { weight: 2, arbitrary: closeAccount() },
  { weight: 9, arbitrary: reverseOperation() },
);

const again: fc.Arbitrary<AgainStep> = fc.record({
  do: fc.constant('again' as const),
  back,
  how: fc.constantFrom('the same', 'other content', 'other version', 'trial'),
});

const batch = fc.record({
  do: fc.constant('batch' as const),
  atomic: fc.boolean(),
  steps: fc
    .array(
      fc.oneof(
        { weight: 5, arbitrary: chain<OneStep | AgainStep>(command) },
        { weight: 1, arbitrary: chain<OneStep | AgainStep>(again) },
        { weight: 2, arbitrary: placedChain.filter(hasNoWait) },
      ),
      { minLength: 1, maxLength: BATCH_STEPS_MAX, size: 'max' },
    )
    .map((blocks): (OneStep | AgainStep)[] => blocks.flat()),
});

function hasNoWait(steps: readonly (OneStep | AgainStep)[]): boolean {
  return steps.every((step) => step.do !== 'placeHold' || step.ends !== 'soon');
}

const batchAgain = fc.record({ do: fc.constant('batchAgain' as const), otherMode: oneIn(2) });

/** One that is mostly stored. */
const wholeBatch = fc.record({
  do: fc.constant('batch' as const),
  atomic: fc.constant(true),
  steps: chain<OneStep | AgainStep>(
    deposit({ ...first, ...keyed, ...of(7) }),
    transfer({ ...first, ...toSecond, ...plain, ...of(2) }),
  ),
});

/** Where most runs begin; each but rarely left out. */
const opened = chain<OneStep>(
  openAccount({ ...first, ...plain, currency: fc.constant('EUR' as const) }),
  openAccount({ ...second, ...keyed, currency: fc.constant('EUR' as const) }),
  openAccount({ ...plain, account: fc.constant(2) }),
  deposit({ ...first, ...keyed, ...of(100) }),
  deposit({ ...second, ...plain, ...of(50) }),
);

const block: Steps<Step> = fc.oneof(
  { weight: 12, arbitrary: chain<Step>(command) },
  { weight: 5, arbitrary: placedChain },
  { weight: 3, arbitrary: chain<Step>(again) },
  { weight: 3, arbitrary: chain<Step>(batch) },
  { weight: 1, arbitrary: chain<Step>(wholeBatch, batchAgain, batchAgain) },
  { weight: 1, arbitrary: chain<Step>(batchAgain) },
  {
    weight: 1,
    arbitrary: chain<Step>(fc.record({ do: fc.constant('getOperation' as const), account, back })),
  },
);

/** Each to one of the two replicas. */
function toReplicas(steps: Steps<Step>): Steps<SentStep> {
  const replica = fc.constantFrom<0 | 1>(0, 1);
  const count = { minLength: TOGETHER_MAX, maxLength: TOGETHER_MAX };
  return fc
    .tuple(steps, fc.array(replica, count))
    .map(([block, on]) => block.map((step, n) => ({ on: on[n] ?? 0, step })));
}

export const stepsOfRun: Steps<SentStep> = fc
  .tuple(
    toReplicas(opened),
    fc.array(toReplicas(block), { minLength: 1, maxLength: BLOCKS_MAX, size: 'max' }),
  )
  .map(([before, blocks]) => [...before, ...blocks.flat()]);
