/**
 * Steps that belong together, which make the rare branches likely: each chain on two accounts at
 * random, with some step of it now and then left out.
 */
import fc from 'fast-check';
import {
  account,
  captureHold,
  closeAccount,
  deposit,
  freezeAccount,
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
import type { AgainStep, Amount, OneStep } from '#test/support/bank-model-steps.ts';

export type Steps<S> = fc.Arbitrary<S[]>;

/** Each step once in twenty left out, so that a case can be shrunk to one without it. */
export function chain<S>(...steps: fc.Arbitrary<S>[]): Steps<S> {
  const kept = steps.map((step) =>
    fc.tuple(fc.nat(19), step).map(([n, one]): S[] => (n > 0 ? [one] : [])),
  );
  return fc.tuple(...kept).map((parts) => parts.flat());
}

export const plain = {
  keyed: fc.constant(false),
  trial: fc.constant(false),
  version: fc.constant('any' as const),
  foreign: fc.constant(false),
};
export const keyed = { ...plain, keyed: fc.constant(true) };
export const of = (amount: Amount) => ({ amount: fc.constant(amount) });
/** In chains: the first account and the second, to be put in the places of two others. */
export const first = { account: fc.constant(0) };
export const second = { account: fc.constant(1) };
const toFirst = { to: fc.constant(0) };
export const toSecond = { to: fc.constant(1) };
const newest = { back: fc.constant(0), hold: fc.constant(0) };
const soon = { ends: fc.constant('soon' as const), again: fc.constant(false) };

const sameAgain: fc.Arbitrary<AgainStep> = fc.record({
  do: fc.constant('again' as const),
  back: fc.constant(0),
  how: fc.constantFrom('the same', 'other content'),
});

const CHAINS: Steps<OneStep | AgainStep>[] = [
  // Each command of a hold, and once more.
  chain<OneStep | AgainStep>(
    placeHold({ ...first, ...keyed, ...of(9), again: fc.constant(false) }),
    sameAgain,
    captureHold({ ...first, ...newest, ...keyed, ...of(2), rest: fc.constant(false) }),
    sameAgain,
    releaseHold({ ...first, ...newest, ...keyed }),
    sameAgain,
    sameAgain,
  ),
  chain<OneStep | AgainStep>(
    fc.oneof<fc.Arbitrary<OneStep>[]>(
      setOverdraftLimit({ ...first, ...keyed }),
      unfreezeAccount({ ...first, ...keyed }),
      freezeAccount({ ...first, ...keyed }),
      closeAccount({ ...first, ...keyed }),
      reverseOperation({ ...first, ...newest, ...keyed }),
    ),
    sameAgain,
    sameAgain,
  ),
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

export const placedChain = fc
  .tuple(account, fc.integer({ min: 1, max: ACCOUNTS - 1 }), fc.oneof(...CHAINS))
  .map(([number, distance, steps]) =>
    steps.map((step) => placed(step, number, (number + distance) % ACCOUNTS)),
  );

function placed(step: OneStep | AgainStep, one: number, other: number): OneStep | AgainStep {
  if (step.do === 'again') return step;
  const at = (number: number): number => (number === 0 ? one : other);
  const own = { account: at(step.account) };
  if (step.do === 'transfer') return { ...step, ...own, to: at(step.to) };
  if (step.do !== 'closeAccount' || step.to === 'nowhere') return { ...step, ...own };
  return { ...step, ...own, to: at(step.to) };
}
