/** An account's life in the model: opened, limited, frozen, closed. */
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import {
  accountIn,
  balanceOf,
  drawable,
  standingHolds,
  type Bank,
} from '#test/support/bank-model.ts';
import { received, sent } from '#test/support/bank-model-money.ts';
import {
  alone,
  isTooMuch,
  ofCurrency,
  ofOther,
  standing,
  takes,
  type Of,
  type Plan,
  type Rule,
} from '#test/support/bank-model-rules.ts';

export function opening(bank: Bank, { value }: Of<'openAccount'>): Plan {
  const { accountId, currencyCode: opens } = value;
  const isThere = accountIn(bank, accountId).entries.length > 0;
  const limit = value.overdraftLimit?.minorUnits ?? 0n;
  const writing = { type: EntryType.ENTRY_TYPE_ACCOUNT_OPENED, opens, limit };
  return alone([[isThere, 'ACCOUNT_EXISTS']], '', accountId, false, writing);
}

export function limiting(bank: Bank, { value }: Of<'setOverdraftLimit'>): Plan {
  const account = accountIn(bank, value.accountId);
  const { currencyCode, minorUnits: limit = 0n } = value.overdraftLimit ?? {};
  const rules: Rule[] = [
    ...standing(account, value.expectedVersion),
    [currencyCode !== account.currency, 'CURRENCY_MISMATCH'],
    [drawable(account) - account.limit + limit < 0n, 'INSUFFICIENT_FUNDS'],
    [isTooMuch(account, 0n, limit), 'BALANCE_OVERFLOW'],
  ];
  const writing = { type: EntryType.ENTRY_TYPE_OVERDRAFT_LIMIT_SET, limit };
  return alone(rules, '', account.id, true, writing);
}

/** What is frozen stays so; both are free again after Unfreeze. */
export function freezing(bank: Bank, command: Of<'freezeAccount'> | Of<'unfreezeAccount'>): Plan {
  const account = accountIn(bank, command.value.accountId);
  const rules = standing(account, command.value.expectedVersion);
  if (command.$case === 'unfreezeAccount') {
    const stops = { debits: false, credits: false };
    const writing = { type: EntryType.ENTRY_TYPE_ACCOUNT_UNFROZEN, stops };
    return alone(rules, '', account.id, false, writing);
  }
  const { debits, credits } = command.value;
  const stops = { debits: account.noDebits || debits, credits: account.noCredits || credits };
  const way = debits && credits ? 'both' : debits ? 'debits' : 'credits';
  const writing = { type: EntryType.ENTRY_TYPE_ACCOUNT_FROZEN, stops };
  return alone(rules, way, account.id, false, writing);
}

/** A sweep is a debit; without a balance above zero nothing moves, whatever sweep_to says. */
export function closing(bank: Bank, { value }: Of<'closeAccount'>): Plan {
  const account = accountIn(bank, value.accountId);
  const balance = balanceOf(account);
  const sweeps = value.sweepTo !== '' && balance > 0n;
  const isHeld = standingHolds(account).length > 0;
  const rules: Rule[] = [
    [sweeps && account.noDebits, 'ACCOUNT_FROZEN'],
    [isHeld || (balance !== 0n && !sweeps), 'BALANCE_NOT_ZERO'],
  ];
  const stands = standing(account, value.expectedVersion);
  const closed = { type: EntryType.ENTRY_TYPE_ACCOUNT_CLOSED, closes: true };
  if (!sweeps) {
    const way = value.sweepTo === '' ? 'empty' : 'nothing to sweep';
    return alone([...stands, ...rules], way, account.id, true, closed);
  }
  const to = accountIn(bank, value.sweepTo);
  const toStands = ofOther([...standing(to), ofCurrency(to, account.currency)]);
  const own = { accountId: account.id, draws: true, writes: [sent(balance), closed] };
  return {
    rules: [...stands, ...toStands, ...rules, ...ofOther(takes(to, balance))],
    way: 'swept',
    own,
    other: received(to.id, balance),
  };
}
