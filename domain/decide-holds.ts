/**
 * Money set aside for a later debit, and its capture, release and expiry. A capture that leaves
 * nothing, or releases what it leaves, ends its hold in the same event. A hold whose time has
 * passed can be neither captured nor released, whether its end is recorded yet or not.
 */
import { debitRefusal, debitsFrozen, findOpen, otherCurrency } from './account-rules.ts';
import type { AccountState, ExistingAccount } from './account.ts';
import type { CaptureHold, PlaceHold, ReleaseHold } from './commands.ts';
import { withoutPassedHolds } from './decide-movements.ts';
import { accept, refuse, type Decision, type Facts, type Refused } from './decision.ts';
import { expiriesOf, findHold, hasPassed, OPEN_HOLDS_MAX, type OpenHold } from './holds.ts';

export function placeHold(state: AccountState, command: PlaceHold, facts: Facts): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { expiries, account } = withoutPassedHolds(found.account, facts.nowMicros);
  const { accountId, holdId, currencyCode, amountMinor, expiresAtMicros, reference } = command;
  const refusal =
    otherCurrency(account, accountId, currencyCode) ??
    holdExists(found.account, command, facts) ??
    notInTheFuture(command, facts) ??
    debitRefusal(account, accountId, amountMinor) ??
    tooManyHolds(account, accountId);
  if (refusal !== undefined) return refusal;
  return accept(...expiries, {
    type: 'HoldPlaced',
    holdId,
    amountMinor,
    expiresAtMicros,
    reference,
  });
}

export function captureHold(state: AccountState, command: CaptureHold, facts: Facts): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const { account } = found;
  const { accountId, holdId, amount, reference, releaseRest } = command;
  const mismatch =
    amount === undefined ? undefined : otherCurrency(account, accountId, amount.currencyCode);
  if (mismatch !== undefined) return mismatch;
  const open = findOpenHold(account, command, facts);
  if (!open.accepted) return open;
  const { remainingMinor, expiresAtMicros } = open.hold;
  const amountMinor = amount?.minor ?? remainingMinor;
  const refusal =
    debitsFrozen(account, accountId) ?? moreThanHeld(command, amountMinor, remainingMinor);
  if (refusal !== undefined) return refusal;
  const rest = remainingMinor - amountMinor;
  const isOver = releaseRest || rest === 0n;
  return accept({
    type: 'HoldCaptured',
    holdId,
    amountMinor,
    remainingMinor: isOver ? 0n : rest,
    releasedMinor: isOver ? rest : 0n,
    expiresAtMicros: isOver ? undefined : expiresAtMicros,
    reference,
  });
}

export function releaseHold(state: AccountState, command: ReleaseHold, facts: Facts): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const open = findOpenHold(found.account, command, facts);
  if (!open.accepted) return open;
  const { holdId, remainingMinor } = open.hold;
  return accept({ type: 'HoldReleased', holdId, amountMinor: remainingMinor });
}

/** Nothing to do is accepted too: another decision was faster. */
export function expireHolds(state: AccountState, { nowMicros }: Facts): Decision {
  if (state.status === 'none') return accept();
  return accept(...expiriesOf(state, nowMicros));
}

type NamesHold = { readonly accountId: string; readonly holdId: string };

function findOpenHold(
  account: ExistingAccount,
  command: NamesHold,
  facts: Facts,
): { readonly accepted: true; readonly hold: OpenHold } | Refused {
  const { accountId, holdId } = command;
  const hold = findHold(account, holdId);
  if (hold !== undefined && !hasPassed(hold, facts.nowMicros)) return { accepted: true, hold };
  const end = hold === undefined ? facts.endedHold(accountId, holdId) : 'expired';
  const name = `hold ${holdId} of account ${accountId}`;
  if (end === 'expired') return refuse('HOLD_EXPIRED', `${name} has expired`, 'hold_id');
  const why = end === undefined ? 'does not exist' : `has ended: it was ${end}`;
  return refuse('HOLD_NOT_FOUND', `${name} ${why}`, 'hold_id');
}

function holdExists(
  account: ExistingAccount,
  { accountId, holdId }: NamesHold,
  facts: Facts,
): Refused | undefined {
  const isNew =
    findHold(account, holdId) === undefined && facts.endedHold(accountId, holdId) === undefined;
  if (isNew) return undefined;
  const message = `account ${accountId} has had a hold ${holdId}: give it another id`;
  return refuse('HOLD_EXISTS', message, 'hold_id');
}

function notInTheFuture({ expiresAtMicros }: PlaceHold, { nowMicros }: Facts): Refused | undefined {
  if (expiresAtMicros === undefined || expiresAtMicros > nowMicros) return undefined;
  return refuse('INVALID_ITEM', 'expires_at: must be in the future', 'expires_at');
}

function tooManyHolds({ openHolds }: ExistingAccount, accountId: string): Refused | undefined {
  if (openHolds.length < OPEN_HOLDS_MAX) return undefined;
  const message = `account ${accountId} has ${OPEN_HOLDS_MAX} open holds: capture or release some`;
  return refuse('QUOTA_EXCEEDED', message, 'account_id');
}

function moreThanHeld(
  { accountId, holdId }: NamesHold,
  amountMinor: bigint,
  remainingMinor: bigint,
): Refused | undefined {
  if (amountMinor <= remainingMinor) return undefined;
  const message =
    `hold ${holdId} of account ${accountId} has ${remainingMinor} minor units left, ` +
    `${amountMinor} are asked for`;
  return refuse('INSUFFICIENT_FUNDS', message, 'amount.minor_units');
}
