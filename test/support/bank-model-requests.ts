/** From a step to the command that is sent, on the bank as the model knows it at that moment. */
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import {
  accountIn,
  balanceOf,
  drawable,
  MOST,
  passedHolds,
  versionOf,
  type Account,
  type Bank,
} from '#test/support/bank-model.ts';
import { ACCOUNTS, type Names } from '#test/support/bank-model-names.ts';
import type { AgainStep, Amount, OneStep } from '#test/support/bank-model-steps.ts';
import { request, type CommandRequest } from '#test/support/command-calls.ts';

/** What steps are made of. */
export type Ground = {
  readonly bank: Bank;
  readonly names: Names;
  /** Commands that had an operation id, the newest last. */
  readonly sent: CommandRequest[];
  /** How far off a hold ends soon. */
  readonly soonMs: number;
};

const YEAR_2090_MS = 3_786_912_000_000;
const NO_OPERATION = '00000000-0000-4000-8000-000000000001';
const NO_HOLD = '00000000-0000-4000-8000-000000000002';

/** Undefined: there is nothing to send again. */
export function requestOf(step: OneStep | AgainStep, ground: Ground): CommandRequest | undefined {
  if (step.do === 'again') return againOf(step, ground);
  const { bank, names } = ground;
  const account = accountIn(bank, names.accountId(step.account));
  const command = request(step.do, {
    accountId: account.id,
    sourceAccountId: account.id,
    validateOnly: step.trial,
    operationId: step.keyed ? names.newId('o') : '',
    expectedVersion: expectedOf(step, account),
    ...fieldsOf(step, account, ground),
  });
  if (step.keyed) ground.sent.push(command);
  return command;
}

/** While ends of holds may be written down at any time, nobody knows the right version. */
function expectedOf({ version }: OneStep, account: Account): bigint {
  const isSure = passedHolds(account).length === 0;
  const now = versionOf(account);
  if (version === 'any' || (version === 'right' && !isSure)) return 0n;
  if (version === 'right') return now;
  return isSure && now > 1n ? now - 1n : now + 100n;
}

type Fields = Parameters<typeof request>[1];

function fieldsOf(step: OneStep, account: Account, { names, soonMs }: Ground): Fields {
  switch (step.do) {
    case 'openAccount': {
      const { currency: currencyCode, limit } = step;
      const overdraftLimit = { currencyCode, minorUnits: BigInt(limit) };
      return limit === 0 ? { currencyCode } : { currencyCode, overdraftLimit };
    }
    case 'deposit':
    case 'withdraw':
      return { amount: moneyOf(step, account) };
    case 'transfer':
      return { amount: moneyOf(step, account), destinationAccountId: names.accountId(step.to) };
    case 'placeHold': {
      const holdId = (step.again ? account.holds.at(-1)?.id : undefined) ?? names.newId('h');
      return { amount: moneyOf(step, account), holdId, ...endOf(step.ends, soonMs) };
    }
    case 'captureHold': {
      const hold = account.holds.at(-1 - step.hold);
      const { amount, foreign, rest: releaseRest } = step;
      const named = { holdId: hold?.id ?? NO_HOLD, releaseRest };
      if (amount === 'unset') return named;
      return { ...named, amount: moneyOf({ amount, foreign }, account, hold?.left) };
    }
    case 'releaseHold':
      return { holdId: account.holds.at(-1 - step.hold)?.id ?? NO_HOLD };
    case 'setOverdraftLimit':
      return { overdraftLimit: moneyOf(step, account) };
    case 'freezeAccount':
      return { debits: step.debits, credits: step.credits, reason: 'r' };
    case 'unfreezeAccount':
      return { reason: step.unsaid ? '' : 'r' };
    case 'closeAccount':
      return { sweepTo: step.to === 'nowhere' ? '' : names.accountId(step.to) };
    case 'reverseOperation':
      return { reversedOperationId: operationOf(account, step.back), reason: 'r' };
  }
}

/** The account's newest operation but `back`; one that never was, when there are not so many. */
export function operationOf({ operations }: Account, back: number): string {
  return [...operations.keys()].at(-1 - back) ?? NO_OPERATION;
}

function moneyOf(
  { amount, foreign }: { readonly amount: Amount; readonly foreign: boolean },
  account: Account,
  left = 0n,
): Money {
  const own = account.currency === '' ? 'EUR' : account.currency;
  const currencyCode = foreign ? (own === 'EUR' ? 'USD' : 'EUR') : own;
  const units = unitsOf(amount, account, left);
  return { currencyCode, minorUnits: units > MOST ? MOST : units };
}

function unitsOf(amount: Amount, account: Account, left: bigint): bigint {
  const room = MOST - balanceOf(account) - account.limit;
  switch (amount) {
    case 'available':
      return drawable(account);
    case 'available + 1':
      return drawable(account) + 1n;
    case 'balance':
      return balanceOf(account);
    case 'left':
      return left;
    case 'left + 1':
      return left + 1n;
    case 'room':
      return room;
    case 'room + 1':
      return room + 1n;
    case 'most':
      return MOST;
    default:
      return BigInt(amount);
  }
}

function endOf(ends: 'never' | 'far' | 'soon' | 'past', soonMs: number): Fields {
  if (ends === 'never') return {};
  const atMs = ends === 'far' ? YEAR_2090_MS : ends === 'past' ? 1 : Date.now() + soonMs;
  return { expiresAt: timestampFromMicros(BigInt(atMs) * 1000n) };
}

function againOf({ back, how }: AgainStep, { sent, names }: Ground): CommandRequest | undefined {
  const command = sent.at(-1 - back);
  if (command === undefined || how === 'the same') return command;
  const { $case, value } = command;
  if (how === 'trial') return request($case, { ...value, validateOnly: true });
  if (how === 'other version') return request($case, { ...value, expectedVersion: 77n });
  if ($case !== 'transfer') return request($case, { ...value, ...otherContent($case) });
  const all = Array.from({ length: ACCOUNTS }, (_, n) => names.accountId(n));
  const { sourceAccountId, destinationAccountId } = value;
  const elsewhere = all.find((id) => id !== sourceAccountId && id !== destinationAccountId);
  return request($case, { ...value, destinationAccountId: elsewhere ?? '' });
}

function otherContent($case: CommandRequest['$case']): Fields {
  if ($case === 'openAccount') return { owner: 'Bob' };
  if ($case === 'releaseHold') return { holdId: NO_OPERATION };
  if ($case === 'setOverdraftLimit') {
    return { overdraftLimit: { currencyCode: 'EUR', minorUnits: 4_711n } };
  }
  return { reference: 'other', reason: 'other' };
}
