/**
 * Reversals in the model: what an operation did to the balance is taken back, once; a transfer in
 * both accounts.
 */
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import {
  accountIn,
  drawable,
  type Account,
  type Bank,
  type Entry,
} from '#test/support/bank-model.ts';
import {
  isTooMuch,
  ofOther,
  standing,
  type Of,
  type Plan,
  type Rule,
} from '#test/support/bank-model-rules.ts';

const WAYS = new Map<EntryType, string>([
  [EntryType.ENTRY_TYPE_MONEY_DEPOSITED, 'deposit'],
  [EntryType.ENTRY_TYPE_MONEY_WITHDRAWN, 'withdrawal'],
  [EntryType.ENTRY_TYPE_HOLD_CAPTURED, 'capture'],
  [EntryType.ENTRY_TYPE_TRANSFER_SENT, 'transfer'],
]);

export function reversing(bank: Bank, { value }: Of<'reverseOperation'>): Plan {
  const account = accountIn(bank, value.accountId);
  const version = account.operations.get(value.reversedOperationId)?.version ?? 0;
  const entry = account.entries[version - 1];
  const way = entry && WAYS.get(entry.type);
  const change = -(entry?.change ?? 0n);
  const rules: Rule[] = [
    ...standing(account, value.expectedVersion),
    [way === undefined, 'OPERATION_NOT_FOUND'],
    [entry?.isUndone === true, 'ALREADY_REVERSED'],
  ];
  const pair = way === 'transfer' ? entry?.pair : undefined;
  const type = EntryType.ENTRY_TYPE_OPERATION_REVERSED;
  const isLeg = pair !== undefined;
  const writing = { type, change, undoes: version, isLeg };
  const own = { accountId: account.id, draws: change < 0n, writes: [writing] };
  const allowed = bears(account, change);
  if (pair === undefined) {
    return { rules: [...rules, ...allowed], way: way ?? '', own, other: undefined };
  }
  const other = accountIn(bank, pair.accountId);
  const back = -changeAt(other, pair.version);
  const leg = { type, change: back, undoes: pair.version, isLeg };
  return {
    rules: [...rules, ...ofOther(standing(other)), ...allowed, ...ofOther(bears(other, back))],
    way: 'transfer',
    own,
    other: { accountId: other.id, draws: true, writes: [leg] },
  };
}

/** The rules of a debit or of a credit, whichever the change is. */
function bears(account: Account, change: bigint): Rule[] {
  return change < 0n
    ? [
        [account.noDebits, 'ACCOUNT_FROZEN'],
        [-change > drawable(account), 'INSUFFICIENT_FUNDS'],
      ]
    : [
        [account.noCredits, 'ACCOUNT_FROZEN'],
        [isTooMuch(account, change), 'BALANCE_OVERFLOW'],
      ];
}

function changeAt({ entries }: Account, version: number): Entry['change'] {
  const entry = entries[version - 1];
  if (entry === undefined) throw new Error(`a leg without its other one: version ${version}`);
  return entry.change;
}
