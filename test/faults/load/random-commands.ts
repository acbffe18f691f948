/**
 * Commands at random, each kind of them: what is sent, whose account it is, and what its event must
 * say when it is accepted.
 */
import { timestampFromDate } from '#platform/timestamps.ts';
import { EUR, request, type CommandRequest } from '#test/support/command-calls.ts';
import type { Random } from '#test/support/random.ts';
import type { Wanted } from '../history/history.ts';
import { ACCOUNTS_MIN, type KnownAccounts } from './known-accounts.ts';

export type RandomCommand = {
  readonly command: CommandRequest;
  readonly accountId: string;
  readonly operationId: string;
  readonly wanted: Wanted;
};

type Make = (random: Random, known: KnownAccounts, ids: Ids) => Made | undefined;
type Ids = { readonly accountId: string; readonly operationId: string };
type Made = { command: CommandRequest; wanted: Wanted; accountId?: string };

const AMOUNT_MAX = 500;
const HOLD_MS = { least: 500, most: 8_000 } as const;

const amountOf = (random: Random): bigint => BigInt(1 + random.below(AMOUNT_MAX));

const open: Make = (random, known, { operationId }) => {
  if (known.isFull) return undefined;
  const accountId = random.uuid();
  const command = request('openAccount', { accountId, operationId, currencyCode: 'EUR' });
  return { command, accountId, wanted: { kind: 'accountOpened', changeMinor: 0n } };
};

const deposit: Make = (random, _known, ids) => {
  const changeMinor = amountOf(random);
  const command = request('deposit', { ...ids, amount: EUR(changeMinor) });
  return { command, wanted: { kind: 'moneyDeposited', changeMinor } };
};

const withdraw: Make = (random, _known, ids) => {
  const amountMinor = amountOf(random);
  const command = request('withdraw', { ...ids, amount: EUR(amountMinor) });
  return { command, wanted: { kind: 'moneyWithdrawn', changeMinor: -amountMinor } };
};

const transfer: Make = (random, known, { accountId, operationId }) => {
  const amountMinor = amountOf(random);
  const destinationAccountId = known.pickOther(random, accountId);
  const ids = { sourceAccountId: accountId, destinationAccountId, operationId };
  const command = request('transfer', { ...ids, amount: EUR(amountMinor) });
  return { command, wanted: { kind: 'transferSent', changeMinor: -amountMinor } };
};

const placeHold: Make = (random, known, ids) => {
  const holdId = random.uuid();
  known.held({ accountId: ids.accountId, holdId });
  const expiresInMs = HOLD_MS.least + random.below(HOLD_MS.most - HOLD_MS.least);
  const expires =
    random.below(2) === 0
      ? {}
      : { expiresAt: timestampFromDate(new Date(Date.now() + expiresInMs)) };
  const amount = EUR(amountOf(random));
  const command = request('placeHold', { ...ids, ...expires, holdId, amount });
  return { command, wanted: { kind: 'holdPlaced', changeMinor: 0n } };
};

const captureHold: Make = (random, known, { operationId }) => {
  const hold = known.takeHold(random, random.below(2) === 0);
  if (hold === undefined) return undefined;
  const part = random.below(2) === 0 ? {} : { amount: EUR(1n + amountOf(random) / 10n) };
  const releaseRest = random.below(2) === 0;
  const command = request('captureHold', { ...hold, ...part, operationId, releaseRest });
  return { command, accountId: hold.accountId, wanted: { kind: 'holdCaptured' } };
};

const releaseHold: Make = (random, known, { operationId }) => {
  const hold = known.takeHold(random, false);
  if (hold === undefined) return undefined;
  const command = request('releaseHold', { ...hold, operationId });
  return {
    command,
    accountId: hold.accountId,
    wanted: { kind: 'holdReleased', changeMinor: 0n },
  };
};

const setLimit: Make = (random, _known, ids) => {
  const overdraftLimit = EUR(BigInt(random.below(AMOUNT_MAX)));
  const command = request('setOverdraftLimit', { ...ids, overdraftLimit });
  return { command, wanted: { kind: 'overdraftLimitSet', changeMinor: 0n } };
};

const freeze: Make = (random, _known, ids) => {
  const debits = random.below(2) === 0;
  const command = request('freezeAccount', { ...ids, debits, credits: !debits, reason: 'asked' });
  return { command, wanted: { kind: 'accountFrozen', changeMinor: 0n } };
};

const unfreeze: Make = (_random, _known, ids) => {
  const command = request('unfreezeAccount', { ...ids, reason: 'cleared' });
  return { command, wanted: { kind: 'accountUnfrozen', changeMinor: 0n } };
};

const close: Make = (random, known, ids) => {
  if (known.size <= ACCOUNTS_MIN) return undefined;
  const sweepTo = known.pickOther(random, ids.accountId);
  const command = request('closeAccount', { ...ids, sweepTo, reason: 'moved' });
  return { command, wanted: { kind: 'accountClosed', changeMinor: 0n } };
};

const reverse: Make = (random, known, { operationId }) => {
  const undone = known.takeOperation(random);
  if (undone === undefined) return undefined;
  const { accountId, operationId: reversedOperationId } = undone;
  const ids = { accountId, reversedOperationId, operationId };
  const command = request('reverseOperation', { ...ids, reason: 'sent by mistake' });
  return { command, accountId, wanted: { kind: 'operationReversed' } };
};

/** Out of a hundred. */
const WEIGHTS: readonly (readonly [number, Make])[] = [
  [5, open],
  [25, deposit],
  [14, withdraw],
  [18, transfer],
  [10, placeHold],
  [8, captureHold],
  [3, releaseHold],
  [3, setLimit],
  [1, freeze],
  [5, unfreeze],
  [2, close],
  [6, reverse],
];

export function randomCommand(random: Random, known: KnownAccounts): RandomCommand {
  for (;;) {
    const ids = { accountId: known.pick(random), operationId: random.uuid() };
    let left = random.below(WEIGHTS.reduce((sum, [weight]) => sum + weight, 0));
    const [, make] = WEIGHTS.find(([weight]) => (left -= weight) < 0) ?? [0, deposit];
    const made = make(random, known, ids);
    if (made !== undefined) return { ...ids, ...made };
  }
}
