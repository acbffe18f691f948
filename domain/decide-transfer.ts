/**
 * Money between two accounts: a debited and a credited leg, each naming the other by account and
 * version. Both are decided together, or neither is. First what both accounts are (there, open, of
 * the currency), then what they allow; each time the debited one's refusals come first.
 */
import {
  creditRefusal,
  debitRefusal,
  findOpen,
  otherCurrency,
  type Found,
} from './account-rules.ts';
import type { AccountState, ExistingAccount } from './account.ts';
import type { Transfer } from './commands.ts';
import { withoutPassedHolds } from './decide-movements.ts';
import { refuse, type Decision, type Facts, type Refused } from './decision.ts';
import type { TransferReceived, TransferSent } from './events.ts';

/** What moves; `fields` are what a refusal names. */
export type Move = {
  readonly from: string;
  readonly to: string;
  readonly currencyCode: string;
  readonly amountMinor: bigint;
  readonly reference: string;
  readonly valueDate: string;
  readonly operationId: string | undefined;
  readonly fields: {
    readonly source: string;
    readonly destination: string;
    readonly amount: string;
    readonly currency: string;
  };
};

export function transfer(state: AccountState, command: Transfer, facts: Facts): Decision {
  const { accountId, destinationAccountId, currencyCode } = command;
  if (accountId === destinationAccountId) {
    const rule = 'must be another account than the source';
    const message = `${FIELDS.destination}: ${rule}`;
    return refuse('INVALID_ITEM', message, FIELDS.destination);
  }
  const found = findOpen(state, command, FIELDS.source);
  if (!found.accepted) return found;
  const mismatch = otherCurrency(found.account, accountId, currencyCode);
  if (mismatch !== undefined) return mismatch;
  const move = { ...command, from: accountId, to: destinationAccountId, fields: FIELDS };
  const destination = findDestination(facts.account(destinationAccountId), move);
  if (!destination.accepted) return destination;
  const { expiries, account } = withoutPassedHolds(found.account, facts.nowMicros);
  const legs = transferLegs(account, destination.account, move);
  if (!legs.accepted) return legs;
  return {
    accepted: true,
    events: [...expiries, legs.sent],
    counterpart: { accountId: destinationAccountId, events: [legs.received] },
  };
}

const FIELDS = {
  source: 'source_account_id',
  destination: 'destination_account_id',
  amount: 'amount.minor_units',
  currency: 'amount.currency_code',
} as const;

export type Legs = {
  readonly accepted: true;
  readonly sent: TransferSent;
  readonly received: TransferReceived;
};

/** The account that a move goes to: it is there, open and of the move's currency. */
export function findDestination(
  state: AccountState,
  { to, currencyCode, fields }: Pick<Move, 'to' | 'currencyCode' | 'fields'>,
): Found {
  const found = findOpen(state, { accountId: to, expectedVersion: 0n }, fields.destination);
  if (!found.accepted) return found;
  return otherCurrency(found.account, to, currencyCode, fields.currency) ?? found;
}

/** The legs of a move; both accounts were found, the source's passed holds have ended. */
export function transferLegs(
  source: ExistingAccount,
  destination: ExistingAccount,
  move: Move,
): Legs | Refused {
  const { from, to, amountMinor, reference, valueDate, operationId } = move;
  const refusal = debitLegRefusal(source, move) ?? creditLegRefusal(destination, move);
  if (refusal !== undefined) return refusal;
  const moved = { amountMinor, reference, valueDate };
  const sent = { accountId: from, version: source.version + 1n };
  const received = { accountId: to, version: destination.version + 1n };
  return {
    accepted: true,
    sent: { type: 'TransferSent', ...moved, counterpart: received },
    received: { type: 'TransferReceived', ...moved, counterpart: sent, operationId },
  };
}

function debitLegRefusal(
  source: ExistingAccount,
  { from, amountMinor, fields }: Move,
): Refused | undefined {
  const named = { account: fields.source, amount: fields.amount };
  return debitRefusal(source, from, amountMinor, named);
}

function creditLegRefusal(
  destination: ExistingAccount,
  { to, amountMinor, fields }: Move,
): Refused | undefined {
  const named = { account: fields.destination, amount: fields.amount };
  return creditRefusal(destination, to, amountMinor, named);
}
