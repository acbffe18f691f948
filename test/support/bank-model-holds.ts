/** Holds in the model: placed, captured, released. */
import { microsFromTimestamp } from '#platform/timestamps.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { accountIn, drawable, type Account, type Bank } from '#test/support/bank-model.ts';
import { alone, standing, type Of, type Plan, type Rule } from '#test/support/bank-model-rules.ts';

/** An id that was ever a hold's in this account is taken. */
export function placing(bank: Bank, { value }: Of<'placeHold'>, nowMs: number): Plan {
  const account = accountIn(bank, value.accountId);
  const { currencyCode, minorUnits: left = 0n } = value.amount ?? {};
  const { holdId: id, expiresAt } = value;
  const isPast = expiresAt !== undefined && microsFromTimestamp(expiresAt) <= nowMs * 1000;
  const rules: Rule[] = [
    ...standing(account, value.expectedVersion),
    [currencyCode !== account.currency, 'CURRENCY_MISMATCH'],
    [holdOf(account, id) !== undefined, 'HOLD_EXISTS'],
    [isPast, 'INVALID_ARGUMENT'],
    [account.noDebits, 'ACCOUNT_FROZEN'],
    [left > drawable(account), 'INSUFFICIENT_FUNDS'],
  ];
  const hold = { id, left, end: undefined };
  const way = expiresAt === undefined ? 'for ever' : 'for a time';
  return alone(rules, way, account.id, true, { type: EntryType.ENTRY_TYPE_HOLD_PLACED, hold });
}

/** What is taken out was set aside before, so nothing else that can be drawn becomes less. */
export function capturing(bank: Bank, { value }: Of<'captureHold'>): Plan {
  const account = accountIn(bank, value.accountId);
  const hold = holdOf(account, value.holdId);
  const before = hold?.left ?? 0n;
  const amount = value.amount?.minorUnits ?? before;
  const { amount: money, releaseRest } = value;
  const rules: Rule[] = [
    ...standing(account, value.expectedVersion),
    [money !== undefined && money.currencyCode !== account.currency, 'CURRENCY_MISMATCH'],
    ...canBeNamed(account, value.holdId),
    [account.noDebits, 'ACCOUNT_FROZEN'],
    [amount > before, 'INSUFFICIENT_FUNDS'],
  ];
  const rest = before - amount;
  const isOver = rest === 0n || releaseRest;
  const left = isOver ? 0n : rest;
  const way = rest === 0n ? 'whole' : releaseRest ? 'in part, rest released' : 'in part';
  return alone(rules, way, account.id, false, {
    type: EntryType.ENTRY_TYPE_HOLD_CAPTURED,
    change: -amount,
    hold: { id: value.holdId, left, end: isOver ? 'captured' : undefined },
  });
}

/** Nothing is debited: also in a frozen account. */
export function releasing(bank: Bank, { value }: Of<'releaseHold'>): Plan {
  const account = accountIn(bank, value.accountId);
  const rules = [...standing(account, value.expectedVersion), ...canBeNamed(account, value.holdId)];
  const hold = { id: value.holdId, left: 0n, end: 'released' } as const;
  const way = account.noDebits ? 'frozen' : '';
  return alone(rules, way, account.id, false, { type: EntryType.ENTRY_TYPE_HOLD_RELEASED, hold });
}

function canBeNamed(account: Account, holdId: string): Rule[] {
  const hold = holdOf(account, holdId);
  const isExpired =
    hold?.end === 'expired' || (hold?.end === undefined && hold?.hasPassed === true);
  const isGone = hold === undefined || (hold.end !== undefined && hold.end !== 'expired');
  return [
    [isGone, 'HOLD_NOT_FOUND'],
    [isExpired, 'HOLD_EXPIRED'],
  ];
}

const holdOf = ({ holds }: Account, id: string) => holds.find((hold) => hold.id === id);
