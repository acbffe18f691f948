/**
 * The steps of a run at random: accounts that are opened first, then commands of every kind, alone,
 * in batches, and in chains of what belongs together, which make the rare branches likely.
 */
import fc from 'fast-check';
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
import { ACCOUNTS } from '#test/support/bank-model-names.ts';
import type { AgainStep, Amount, OneStep, SentStep, Step } from '#test/support/bank-model-steps.ts';

type Steps<S> = fc.Arbitrary<S[]>;

const BLOCKS_MAX = 24;
const BATCH_STEPS_MAX = 5;
/** Steps of one block. */
const TOGETHER_MAX = 5;

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

/** Each step once in twenty left out, so that a case can be shrunk to one without it. */
function chain<S>(...steps: fc.Arbitrary<S>[]): Steps<S> {
  const kept = steps.map((step) =>
    fc.tuple(fc.nat(19), step).map(([n, one]): S[] => (n > 0 ? [one] : [])),
  );
  return fc.tuple(...kept).map((parts) => parts.flat());
}

const plain = {
  keyed: fc.constant(false),
  trial: fc.constant(false),
  version: fc.constant('any' as const),
  foreign: fc.constant(false),
};
const keyed = { ...plain, keyed: fc.constant(true) };
const of = (amount: Amount) => ({ amount: fc.constant(amount) });
/** In chains: the first account and the second, to be put in the places of two others. */
const first = { account: fc.constant(0) };
const second = { account: fc.constant(1) };
const toFirst = { to: fc.constant(0) };
const toSecond = { to: fc.constant(1) };
const newest = { back: fc.constant(0), hold: fc.constant(0) };
const soon = { ends: fc.constant('soon' as const), again: fc.constant(false) };

const CHAINS: Steps<OneStep>[] = [
  // A transfer that cannot be undone in its other account.
  chain<OneStep>(
    transfer({ ...first, ...toSecond, ...keyed, ...of(5) }),
    fc.oneof(
      closeAccount({ ...second, ...toFirst, ...plain }),
      freezeAccount({ ...second, ...plain }),
      withdraw({ ...second, ...plain, ...of('available') }),
    ),
    reverseOperation({ ...first, ...newest }),
  ),
  // Balances at their upper end.
  chain<OneStep>(
    withdraw({ ...first, ...keyed, ...of(3) }),
    deposit({ ...first, ...plain, ...of('room') }),
    reverseOperation({ ...first, ...newest }),
  ),
  chain<OneStep>(
    deposit({ ...second, ...plain, ...of('room') }),
    fc.oneof(
      transfer({ ...first, ...toSecond, ...of(4) }),
      closeAccount({ ...first, ...toSecond }),
      setOverdraftLimit({ ...second, ...of('most') }),
    ),
    withdraw({ ...second, ...plain, ...of('available') }),
  ),
  // Holds that pass.
  chain<OneStep>(
    placeHold({ ...first, ...plain, ...soon }),
    fc.oneof(
      captureHold({ ...first, ...newest }),
      releaseHold({ ...first, ...newest }),
      withdraw({ ...first, ...of('available') }),
      deposit(first),
      transfer({ ...second, ...toFirst }),
      transfer({ ...first, ...toSecond, ...of('available') }),
      closeAccount({ ...first, ...toSecond }),
    ),
  ),
  // Holds that are captured bit by bit.
  chain<OneStep>(
    placeHold({ ...first, ...plain, again: fc.constant(false) }),
    captureHold({ ...first, ...newest, ...keyed, rest: fc.constant(false) }),
    fc.oneof<fc.Arbitrary<OneStep>[]>(
      captureHold({ ...first, ...newest }),
      reverseOperation({ ...first, ...newest }),
      freezeAccount({ ...first, ...plain }),
    ),
    fc.oneof<fc.Arbitrary<OneStep>[]>(
      captureHold({ ...first, ...newest }),
      releaseHold({ ...first, ...newest }),
    ),
  ),
  // Ends of accounts.
  chain<OneStep>(
    withdraw({ ...first, ...plain, ...of('balance') }),
    closeAccount(first),
    openAccount(first),
  ),
  chain<OneStep>(freezeAccount(first), closeAccount({ ...first, ...toSecond }), withdraw(first)),
  chain<OneStep>(closeAccount(second), transfer({ ...first, ...toSecond })),
  // Undone, and once more.
  chain<OneStep>(
    fc.oneof<fc.Arbitrary<OneStep>[]>(
      deposit({ ...first, ...keyed }),
      withdraw({ ...first, ...keyed }),
      transfer({ ...first, ...toSecond, ...keyed }),
    ),
    reverseOperation({ ...first, ...newest, ...plain }),
    reverseOperation({ ...first, ...newest, ...plain }),
  ),
];

const placedChain = fc
  .tuple(account, fc.integer({ min: 1, max: ACCOUNTS - 1 }), fc.oneof(...CHAINS))
  .map(([number, distance, steps]) =>
    steps.map((step) => placed(step, number, (number + distance) % ACCOUNTS)),
  );

function placed(step: OneStep, one: number, other: number): OneStep {
  const at = (number: number): number => (number === 0 ? one : other);
  const own = { account: at(step.account) };
  if (step.do === 'transfer') return { ...step, ...own, to: at(step.to) };
  if (step.do !== 'closeAccount' || step.to === 'nowhere') return { ...step, ...own };
  return { ...step, ...own, to: at(step.to) };
}

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

function hasNoWait(steps: readonly OneStep[]): boolean {
  return steps.every((step) => step.do !== 'placeHold' || step.ends !== 'soon');
}

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
  {
    weight: 1,
    arbitrary: chain<Step>(
      fc.record({ do: fc.constant('batchAgain' as const), otherMode: oneIn(2) }),
    ),
  },
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
