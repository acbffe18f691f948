/**
 * An earlier operation undone, once, by an entry of the opposite amount: a deposit, a withdrawal, a
 * capture, or a transfer, whose two legs are undone together. A hold that was captured stays ended.
 */
import { creditRefusal, debitRefusal, findOpen, type Found } from './account-rules.ts';
import type { AccountState, ExistingAccount } from './account.ts';
import type { ReverseOperation } from './commands.ts';
import { withoutPassedHolds } from './decide-movements.ts';
import {
  accept,
  refuse,
  type Decision,
  type ExecutedOperation,
  type Facts,
  type Refused,
} from './decision.ts';
import type { AccountEvent, HoldExpired, OperationReversed, TransferSent } from './events.ts';

type Undoing = { readonly accountId: string; readonly reason: string };
type Undone = Pick<ExecutedOperation, 'version' | 'event'>;

export function reverseOperation(
  state: AccountState,
  command: ReverseOperation,
  facts: Facts,
): Decision {
  const found = findOpen(state, command);
  if (!found.accepted) return found;
  const named = findReversible(command, facts);
  if (!named.accepted) return named;
  return undo(found.account, command, named.operation, facts);
}

/** Undoes an event that is reversible and not yet undone. */
export function undo(
  open: ExistingAccount,
  command: Undoing,
  { version: reversedVersion, event }: Undone,
  facts: Facts,
): Decision {
  const other = otherOpen(event, facts);
  if (other?.accepted === false) return other;
  const changeMinor = -changeOf(event);
  const { accountId, reason } = command;
  const { expiries, account } = endsHoldsFor(changeMinor, open, facts);
  const refusal = changeRefusal(account, accountId, changeMinor);
  if (refusal !== undefined) return refusal;
  const reversal: OperationReversed = {
    type: 'OperationReversed',
    reversedVersion,
    balanceChangeMinor: changeMinor,
    reason,
    counterpart: undefined,
  };
  if (event.type !== 'TransferSent' || other === undefined) return accept(...expiries, reversal);
  const half = { sent: event, reversal, expiries };
  return reverseTransfer([account, other.account], command, half, facts);
}

/** The account that a transfer went to. */
function otherOpen(event: AccountEvent, facts: Facts): Found | undefined {
  if (event.type !== 'TransferSent') return undefined;
  const { accountId } = event.counterpart;
  const asked = { accountId, expectedVersion: 0n };
  return findOpen(facts.account(accountId), asked, OPERATION_FIELD);
}

/** Undoes the other leg too: what was received goes back. */
function reverseTransfer(
  [source, other]: readonly [ExistingAccount, ExistingAccount],
  { accountId, reason }: Undoing,
  half: { sent: TransferSent; reversal: OperationReversed; expiries: readonly HoldExpired[] },
  facts: Facts,
): Decision {
  const { accountId: to, version: receivedVersion } = half.sent.counterpart;
  const { expiries, account: destination } = withoutPassedHolds(other, facts.nowMicros);
  const changeMinor = -half.sent.amountMinor;
  const refusal = changeRefusal(destination, to, changeMinor);
  if (refusal !== undefined) return refusal;
  const there = { accountId: to, version: destination.version + 1n };
  const here = { accountId, version: source.version + 1n };
  return {
    accepted: true,
    events: [...half.expiries, { ...half.reversal, counterpart: there }],
    counterpart: {
      accountId: to,
      events: [
        ...expiries,
        {
          type: 'OperationReversed',
          reversedVersion: receivedVersion,
          balanceChangeMinor: changeMinor,
          reason,
          counterpart: here,
        },
      ],
    },
  };
}

const OPERATION_FIELD = 'reversed_operation_id';
const REVERSIBLE = new Set<AccountEvent['type']>([
  'MoneyDeposited',
  'MoneyWithdrawn',
  'TransferSent',
  'HoldCaptured',
]);

export function isReversible({ type }: AccountEvent): boolean {
  return REVERSIBLE.has(type);
}

function findReversible(
  { accountId, reversedOperationId, counterpartAccountId }: ReverseOperation,
  facts: Facts,
): { readonly accepted: true; readonly operation: ExecutedOperation } | Refused {
  const operation = facts.operation(accountId, reversedOperationId);
  const name = `operation ${reversedOperationId} of account ${accountId}`;
  if (operation === undefined || isNewerThanLookedUp(operation, counterpartAccountId)) {
    const missing = `account ${accountId} has executed no operation ${reversedOperationId}`;
    const message = `${missing} (a transfer belongs to its source)`;
    return refuse('OPERATION_NOT_FOUND', message, OPERATION_FIELD);
  }
  if (!isReversible(operation.event)) {
    const message = `${name} is no deposit, withdrawal, transfer or capture: it cannot be undone`;
    return refuse('OPERATION_NOT_FOUND', message, OPERATION_FIELD);
  }
  if (operation.isReversed) {
    return refuse('ALREADY_REVERSED', `${name} has been reversed`, OPERATION_FIELD);
  }
  return { accepted: true, operation };
}

/**
 * A transfer that was executed after its other account had been asked for: for this command it is
 * not there yet.
 */
function isNewerThanLookedUp(
  { event }: ExecutedOperation,
  counterpartAccountId: string | undefined,
): boolean {
  return event.type === 'TransferSent' && event.counterpart.accountId !== counterpartAccountId;
}

/** What the event did to its account's balance. */
function changeOf(event: AccountEvent): bigint {
  if (event.type === 'MoneyDeposited') return event.amountMinor;
  if ('amountMinor' in event) return -event.amountMinor;
  throw new Error(`${event.type} cannot be undone`);
}

/** Only what draws on the account needs its passed holds ended. */
function endsHoldsFor(
  changeMinor: bigint,
  account: ExistingAccount,
  { nowMicros }: Facts,
): { expiries: readonly HoldExpired[]; account: ExistingAccount } {
  if (changeMinor > 0n) return { expiries: [], account };
  return withoutPassedHolds(account, nowMicros);
}

function changeRefusal(
  account: ExistingAccount,
  accountId: string,
  changeMinor: bigint,
): Refused | undefined {
  const fields = { account: 'account_id', amount: OPERATION_FIELD };
  if (changeMinor > 0n) return creditRefusal(account, accountId, changeMinor, fields);
  return debitRefusal(account, accountId, -changeMinor, fields);
}
