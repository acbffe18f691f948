/**
 * From well-formed requests to the domain's commands, the same for unary calls and bulk items: ids
 * in canonical form, empty texts where a field was left out, and the ids of what a request makes
 * and does not name. Assumes that the rules found nothing; throws for a request that they would
 * have refused.
 */
import type {
  CaptureHold,
  CloseAccount,
  Command,
  Deposit,
  OpenAccount,
  PlaceHold,
  Transfer,
} from '#domain/commands.ts';
import { microsFromTimestamp } from '#platform/timestamps.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type {
  CaptureHoldRequest,
  CloseAccountRequest,
  PlaceHoldRequest,
  TransferRequest,
} from '#proto/bank/v1/account_command_service.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import { idOfOperation, type NewId } from './derived-ids.ts';
import type { DepositFields, OpenAccountFields } from './field-rules.ts';
import type { CommandRequest } from './request-rules.ts';

/** `newId` is asked only when a request names neither what it makes nor an operation. */
export function commandOf(request: CommandRequest, tenant: string, newId: NewId): Command {
  switch (request.$case) {
    case 'openAccount':
      return openAccountCommand(request.value, tenant, () => newId('account'));
    case 'deposit':
      return depositCommand(request.value);
    case 'withdraw':
      return { ...depositCommand(request.value), type: 'Withdraw' };
    case 'transfer':
      return transferCommand(request.value);
    case 'placeHold':
      return placeHoldCommand(request.value, tenant, newId);
    case 'captureHold':
      return captureHoldCommand(request.value);
    case 'releaseHold':
      return {
        type: 'ReleaseHold',
        ...target(request.value),
        holdId: canonical(request.value.holdId),
      };
    case 'setOverdraftLimit': {
      const { currencyCode, minorUnits } = amountOf(request.value.overdraftLimit);
      const limit = { currencyCode, overdraftLimitMinor: minorUnits };
      return { type: 'SetOverdraftLimit', ...target(request.value), ...limit };
    }
    case 'freezeAccount': {
      const { debits, credits, reason } = request.value;
      return { type: 'FreezeAccount', ...target(request.value), debits, credits, reason };
    }
    case 'unfreezeAccount':
      return { type: 'UnfreezeAccount', ...target(request.value), reason: request.value.reason };
    case 'closeAccount':
      return closeAccountCommand(request.value);
    case 'reverseOperation': {
      const reversedOperationId = canonical(request.value.reversedOperationId);
      const { reason } = request.value;
      const named = { reversedOperationId, counterpartAccountId: undefined, reason };
      return { type: 'ReverseOperation', ...target(request.value), ...named };
    }
    default:
      return unknownRequest(request);
  }
}

function depositCommand(deposit: DepositFields): Deposit {
  return depositTo(canonical(deposit.accountId), deposit);
}

/** For a caller that has the account's id in canonical form. */
export function depositTo(accountId: string, deposit: DepositFields): Deposit {
  const amount = amountOf(deposit.amount);
  return {
    type: 'Deposit',
    accountId,
    currencyCode: amount.currencyCode,
    amountMinor: amount.minorUnits,
    reference: deposit.reference,
    valueDate: deposit.valueDate,
    operationId: optionalUuid(deposit.operationId),
    expectedVersion: deposit.expectedVersion ?? 0n,
  };
}

export function openAccountCommand(
  account: OpenAccountFields,
  tenant: string,
  newAccountId: () => string,
): OpenAccount {
  const operationId = optionalUuid(account.operationId);
  return {
    type: 'OpenAccount',
    tenant,
    accountId:
      optionalUuid(account.accountId) ??
      (operationId === undefined ? newAccountId() : idOfOperation('account', tenant, operationId)),
    currencyCode: account.currencyCode,
    owner: account.owner,
    overdraftLimitMinor: account.overdraftLimit?.minorUnits ?? 0n,
    labels: account.labels,
    operationId,
  };
}

function transferCommand(transfer: TransferRequest): Transfer {
  const accountId = transfer.sourceAccountId;
  const debit = depositCommand({ ...transfer, accountId });
  const destinationAccountId = canonical(transfer.destinationAccountId);
  return { ...debit, type: 'Transfer', destinationAccountId };
}

function placeHoldCommand(hold: PlaceHoldRequest, tenant: string, newId: NewId): PlaceHold {
  const { currencyCode, minorUnits: amountMinor } = amountOf(hold.amount);
  const { accountId, ...key } = target(hold);
  const { operationId } = key;
  const derived = (): string =>
    operationId === undefined
      ? newId('hold')
      : idOfOperation('hold', tenant, accountId, operationId);
  return {
    type: 'PlaceHold',
    accountId,
    ...key,
    holdId: optionalUuid(hold.holdId) ?? derived(),
    currencyCode,
    amountMinor,
    reference: hold.reference,
    expiresAtMicros: hold.expiresAt === undefined ? undefined : microsFromTimestamp(hold.expiresAt),
  };
}

function captureHoldCommand(capture: CaptureHoldRequest): CaptureHold {
  const { amount, reference, releaseRest } = capture;
  return {
    type: 'CaptureHold',
    ...target(capture),
    holdId: canonical(capture.holdId),
    amount:
      amount === undefined
        ? undefined
        : { currencyCode: amount.currencyCode, minor: amount.minorUnits },
    reference,
    releaseRest,
  };
}

function closeAccountCommand(close: CloseAccountRequest): CloseAccount {
  const { sweepTo, reason } = close;
  return { type: 'CloseAccount', ...target(close), sweepTo: optionalUuid(sweepTo), reason };
}

function target(request: { accountId: string; operationId: string; expectedVersion: bigint }) {
  return {
    accountId: canonical(request.accountId),
    operationId: optionalUuid(request.operationId),
    expectedVersion: request.expectedVersion,
  };
}

function amountOf(amount: Money | undefined): Money {
  if (amount === undefined) throw new Error('a request without an amount was not refused');
  return amount;
}

function optionalUuid(text: string): string | undefined {
  return text === '' ? undefined : canonical(text);
}

function canonical(text: string): string {
  const id = canonicalUuid(text);
  if (id === undefined) throw new Error('an id that is no UUID was not refused');
  return id;
}

function unknownRequest(request: never): never {
  throw new Error(`unknown request ${JSON.stringify(request)}`);
}
