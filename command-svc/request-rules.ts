/**
 * What a well-formed request of each command looks like, the same for unary calls and bulk items:
 * the violations with the path of each field, in the order of the contract.
 */
import { isTimestamp } from '#platform/timestamps.ts';
import type {
  CaptureHoldRequest,
  CloseAccountRequest,
  FreezeAccountRequest,
  PlaceHoldRequest,
  ReleaseHoldRequest,
  ReverseOperationRequest,
  SetOverdraftLimitRequest,
  TransferRequest,
  UnfreezeAccountRequest,
  WithdrawRequest,
} from '#proto/bank/v1/account_command_service.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import {
  checkAmount,
  checkDeposit,
  checkOpenAccount,
  checkReference,
  currencyRule,
  dateRule,
  NONE,
  note,
  optionalUuidRule,
  textRule,
  uuidRule,
  versionRule,
  type Violations,
} from './field-rules.ts';

export const REASON_CHARACTERS_MAX = 140;

export type CommandRequest = NonNullable<Operation['command']>;

export function checkRequest(request: CommandRequest): Violations {
  switch (request.$case) {
    case 'openAccount':
      return checkOpenAccount(request.value);
    case 'deposit':
    case 'withdraw':
      return checkDeposit(request.value);
    case 'transfer':
      return checkTransfer(request.value);
    case 'placeHold':
      return checkPlaceHold(request.value);
    case 'captureHold':
      return checkCaptureHold(request.value);
    case 'releaseHold':
      return checkReleaseHold(request.value);
    case 'setOverdraftLimit':
      return checkSetOverdraftLimit(request.value);
    case 'freezeAccount':
      return checkFreezeAccount(request.value);
    case 'unfreezeAccount':
      return checkUnfreezeAccount(request.value);
    case 'closeAccount':
      return checkCloseAccount(request.value);
    case 'reverseOperation':
      return checkReverseOperation(request.value);
    default:
      return unknownRequest(request);
  }
}

function checkTransfer(transfer: TransferRequest): Violations {
  const { sourceAccountId: source, destinationAccountId: destination } = transfer;
  let found = note(NONE, 'source_account_id', uuidRule(source));
  found = note(
    found,
    'destination_account_id',
    uuidRule(destination) ?? other(source, destination),
  );
  found = checkAmount(found, transfer.amount);
  found = note(found, 'operation_id', optionalUuidRule(transfer.operationId));
  found = checkReference(found, transfer.reference);
  found = note(found, 'value_date', dateRule(transfer.valueDate));
  return checkVersion(found, transfer);
}

function checkPlaceHold(hold: PlaceHoldRequest): Violations {
  let found = note(NONE, 'account_id', uuidRule(hold.accountId));
  found = checkAmount(found, hold.amount);
  found = note(found, 'operation_id', optionalUuidRule(hold.operationId));
  found = checkReference(found, hold.reference);
  found = note(found, 'hold_id', optionalUuidRule(hold.holdId));
  found = note(found, 'expires_at', timeRule(hold.expiresAt));
  return checkVersion(found, hold);
}

function checkCaptureHold(capture: CaptureHoldRequest): Violations {
  let found = note(NONE, 'account_id', uuidRule(capture.accountId));
  if (capture.amount !== undefined) found = checkAmount(found, capture.amount);
  found = note(found, 'operation_id', optionalUuidRule(capture.operationId));
  found = checkReference(found, capture.reference);
  found = note(found, 'hold_id', uuidRule(capture.holdId));
  return checkVersion(found, capture);
}

function checkReleaseHold(release: ReleaseHoldRequest): Violations {
  const found = note(NONE, 'account_id', uuidRule(release.accountId));
  return checkKey(note(found, 'hold_id', uuidRule(release.holdId)), release);
}

function checkSetOverdraftLimit(request: SetOverdraftLimitRequest): Violations {
  const found = note(NONE, 'account_id', uuidRule(request.accountId));
  return checkKey(checkLimit(found, request.overdraftLimit), request);
}

function checkLimit(found: Violations, limit: Money | undefined): Violations {
  if (limit === undefined) return note(found, 'overdraft_limit', 'is required');
  const withCode = note(found, 'overdraft_limit.currency_code', currencyRule(limit.currencyCode));
  const rule = limit.minorUnits < 0n ? 'must be 0 or more' : undefined;
  return note(withCode, 'overdraft_limit.minor_units', rule);
}

function checkFreezeAccount(freeze: FreezeAccountRequest): Violations {
  let found = note(NONE, 'account_id', uuidRule(freeze.accountId));
  const freezesNothing = !freeze.debits && !freeze.credits;
  found = note(found, 'debits', freezesNothing ? 'must be true, or credits' : undefined);
  return checkKey(checkReason(found, freeze.reason, 1), freeze);
}

function checkUnfreezeAccount(unfreeze: UnfreezeAccountRequest): Violations {
  const found = note(NONE, 'account_id', uuidRule(unfreeze.accountId));
  return checkKey(checkReason(found, unfreeze.reason, 1), unfreeze);
}

function checkCloseAccount(close: CloseAccountRequest): Violations {
  const { accountId, sweepTo } = close;
  let found = note(NONE, 'account_id', uuidRule(accountId));
  found = note(found, 'sweep_to', optionalUuidRule(sweepTo) ?? other(accountId, sweepTo));
  return checkKey(checkReason(found, close.reason, 0), close);
}

function checkReverseOperation(reversal: ReverseOperationRequest): Violations {
  let found = note(NONE, 'account_id', uuidRule(reversal.accountId));
  found = note(found, 'reversed_operation_id', uuidRule(reversal.reversedOperationId));
  return checkKey(checkReason(found, reversal.reason, 1), reversal);
}

type Key = Pick<WithdrawRequest, 'operationId' | 'expectedVersion'>;

function checkKey(found: Violations, key: Key): Violations {
  return checkVersion(note(found, 'operation_id', optionalUuidRule(key.operationId)), key);
}

function checkVersion(
  found: Violations,
  { expectedVersion }: Omit<Key, 'operationId'>,
): Violations {
  return note(found, 'expected_version', versionRule(expectedVersion));
}

function checkReason(found: Violations, reason: string, min: number): Violations {
  return note(found, 'reason', textRule(reason, min, REASON_CHARACTERS_MAX));
}

function other(accountId: string, otherId: string): string | undefined {
  const isSame = otherId.toLowerCase() === accountId.toLowerCase();
  return isSame && otherId !== '' ? 'must be another account' : undefined;
}

function timeRule(time: Timestamp | undefined): string | undefined {
  const isTime = time === undefined || isTimestamp(time);
  return isTime ? undefined : 'must be a time from 0001-01-01 to 9999-12-31';
}

function unknownRequest(request: never): never {
  throw new Error(`unknown request ${JSON.stringify(request)}`);
}
