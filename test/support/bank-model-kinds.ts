/**
 * One command at random, of each kind; what is given is of the caller's own choice. What a case is
 * shrunk to stands first: the first account, a small amount, nothing said.
 */
import fc from 'fast-check';
import type { Amount } from '#test/support/bank-model-steps.ts';

/** True once in so many times. */
export const oneIn = (times: number): fc.Arbitrary<boolean> =>
  fc.nat(times - 1).map((n) => n === times - 1);

/** The first so many times as often as each of the others. */
function mostly<const T>(times: number, usual: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...Array.from({ length: times }, () => usual), ...others);
}

export const account: fc.Arbitrary<number> = fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 2, 3);
export const back: fc.Arbitrary<number> = fc.constantFrom(0, 0, 0, 1, 1, 2);
const foreign = oneIn(14);
const amount: fc.Arbitrary<Amount> = fc.oneof(
  { weight: 24, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 8, arbitrary: fc.constantFrom<Amount>('available', 'available + 1', 'balance') },
  { weight: 1, arbitrary: fc.constantFrom<Amount>('room', 'room + 1', 'most', 0) },
);
const ofHold: fc.Arbitrary<Amount | 'unset'> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<'unset'>('unset') },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 3, arbitrary: fc.constantFrom<Amount>('left', 'left + 1', 0) },
);

const SAYING = {
  keyed: fc.nat(9).map((n) => n > 3),
  version: mostly<'any' | 'right' | 'wrong'>(16, 'any', 'right', 'right', 'right', 'wrong'),
  trial: oneIn(12),
};
const MOVEMENT = { ...SAYING, account, amount, foreign };
const OPENING = {
  ...SAYING,
  account,
  currency: fc.constantFrom<'EUR' | 'USD'>('EUR', 'EUR', 'USD'),
  limit: fc.constantFrom(0, 25),
};
const LIMIT = {
  ...MOVEMENT,
  amount: fc.oneof(
    { weight: 14, arbitrary: amount },
    { weight: 2, arbitrary: fc.constantFrom<Amount>(0, -1) },
  ),
};
const TRANSFER = { ...MOVEMENT, to: account };
const HOLD = {
  ...MOVEMENT,
  ends: mostly<'never' | 'far' | 'soon' | 'past'>(8, 'never', 'far', 'far', 'past'),
  again: oneIn(10),
};
const CAPTURE = { ...SAYING, account, hold: back, amount: ofHold, foreign, rest: oneIn(3) };
const RELEASE = { ...SAYING, account, hold: back };
const FREEZE = { ...SAYING, account, debits: fc.boolean(), credits: fc.boolean() };
const UNFREEZE = { ...SAYING, account, unsaid: oneIn(8) };
const CLOSE = { ...SAYING, account, to: fc.constantFrom<number | 'nowhere'>('nowhere', 0, 1, 2) };
const REVERSAL = { ...SAYING, account, back };

type Given<Choices> = Partial<Choices>;
const named = <const Name>(name: Name): { do: fc.Arbitrary<Name> } => ({ do: fc.constant(name) });

export const openAccount = (given: Given<typeof OPENING> = {}) =>
  fc.record({ ...named('openAccount'), ...OPENING, ...given });
export const deposit = (given: Given<typeof MOVEMENT> = {}) =>
  fc.record({ ...named('deposit'), ...MOVEMENT, ...given });
export const withdraw = (given: Given<typeof MOVEMENT> = {}) =>
  fc.record({ ...named('withdraw'), ...MOVEMENT, ...given });
export const transfer = (given: Given<typeof TRANSFER> = {}) =>
  fc.record({ ...named('transfer'), ...TRANSFER, ...given });
export const placeHold = (given: Given<typeof HOLD> = {}) =>
  fc.record({ ...named('placeHold'), ...HOLD, ...given });
export const captureHold = (given: Given<typeof CAPTURE> = {}) =>
  fc.record({ ...named('captureHold'), ...CAPTURE, ...given });
export const releaseHold = (given: Given<typeof RELEASE> = {}) =>
  fc.record({ ...named('releaseHold'), ...RELEASE, ...given });
export const setOverdraftLimit = (given: Given<typeof LIMIT> = {}) =>
  fc.record({ ...named('setOverdraftLimit'), ...LIMIT, ...given });
export const freezeAccount = (given: Given<typeof FREEZE> = {}) =>
  fc.record({ ...named('freezeAccount'), ...FREEZE, ...given });
export const unfreezeAccount = (given: Given<typeof UNFREEZE> = {}) =>
  fc.record({ ...named('unfreezeAccount'), ...UNFREEZE, ...given });
export const closeAccount = (given: Given<typeof CLOSE> = {}) =>
  fc.record({ ...named('closeAccount'), ...CLOSE, ...given });
export const reverseOperation = (given: Given<typeof REVERSAL> = {}) =>
  fc.record({ ...named('reverseOperation'), ...REVERSAL, ...given });
