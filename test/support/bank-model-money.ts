/** Money in and out in the model: deposits, withdrawals, transfers. */
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { accountIn, drawable, type Bank } from '#test/support/bank-model.ts';
import {
  alone,
  ofCurrency,
  ofOther,
  standing,
  takes,
  type Of,
  type Part,
  type Plan,
  type Rule,
  type Writing,
} from '#test/support/bank-model-rules.ts';

export function depositing(bank: Bank, { value }: Of<'deposit'>): Plan {
  const account = accountIn(bank, value.accountId);
  const { currencyCode = '', minorUnits: change = 0n } = value.amount ?? {};
  const rules = [
    ...standing(account, value.expectedVersion),
    ofCurrency(account, currencyCode),
    ...takes(account, change),
  ];
  const writing = { type: EntryType.ENTRY_TYPE_MONEY_DEPOSITED, change };
  return alone(rules, '', account.id, false, writing);
}

export function withdrawing(bank: Bank, { value }: Of<'withdraw'>): Plan {
  const account = accountIn(bank, value.accountId);
  const { currencyCode = '', minorUnits: amount = 0n } = value.amount ?? {};
  const rules: Rule[] = [
    ...standing(account, value.expectedVersion),
    ofCurrency(account, currencyCode),
    [account.noDebits, 'ACCOUNT_FROZEN'],
    [amount > drawable(account), 'INSUFFICIENT_FUNDS'],
  ];
  const writing = { type: EntryType.ENTRY_TYPE_MONEY_WITHDRAWN, change: -amount };
  return alone(rules, '', account.id, true, writing);
}

/** What both accounts are comes before what they allow, each time of the source first. */
export function transferring(bank: Bank, { value }: Of<'transfer'>): Plan {
  const source = accountIn(bank, value.sourceAccountId);
  const destination = accountIn(bank, value.destinationAccountId);
  const { currencyCode = '', minorUnits: amount = 0n } = value.amount ?? {};
  const rules: Rule[] = [
    ...standing(source, value.expectedVersion),
    ofCurrency(source, currencyCode),
    ...ofOther([...standing(destination), ofCurrency(destination, currencyCode)]),
    [source.noDebits, 'ACCOUNT_FROZEN'],
    [amount > drawable(source), 'INSUFFICIENT_FUNDS'],
    ...ofOther(takes(destination, amount)),
  ];
  const own = { accountId: source.id, draws: true, writes: [sent(amount)] };
  return { rules, way: '', own, other: received(destination.id, amount) };
}

export const sent = (amount: bigint): Writing => {
  return { type: EntryType.ENTRY_TYPE_TRANSFER_SENT, change: -amount, isLeg: true };
};

export function received(accountId: string, change: bigint): Part {
  const writing = { type: EntryType.ENTRY_TYPE_TRANSFER_RECEIVED, change, isLeg: true };
  return { accountId, draws: false, writes: [writing] };
}
