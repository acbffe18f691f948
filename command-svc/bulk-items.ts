/**
 * One item of a bulk message, as the batcher takes it. A malformed item is an item too: it is
 * stored as refused at its index with the first rule that it breaks, and changes nothing else.
 * Items of one stream share their stream's context; each is built without waiting and in about two
 * microseconds.
 */
import type { Command } from '#domain/account.ts';
import { reject, type Rejection } from '#domain/rejection.ts';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { isUuid } from '#platform/uuid.ts';
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { BatchItem, SubmissionClaim } from './batch-item.ts';
import { contentHashOf, rawContentHash } from './content-hash.ts';
import { checkDeposit, checkOpenAccount } from './field-rules.ts';
import { accountIdOfItem, depositCommand, openAccountCommand } from './request-commands.ts';

/** What the items of one stream have in common. */
export type ItemContext = {
  readonly claim: SubmissionClaim;
  readonly partitionCount: number;
  /** The submission's own partition: where items without a usable account go. */
  readonly homePartition: number;
  readonly traceparent: string | undefined;
  readonly settle: BatchItem['settle'];
};

export function depositItem(context: ItemContext, deposit: DepositItem, index: number): BatchItem {
  const [violation] = checkDeposit(deposit);
  const { accountId, operationId } = deposit;
  if (violation !== undefined) {
    const contentHash = rawContentHash({
      type: 'Deposit',
      ...deposit,
      currencyCode: deposit.amount?.currencyCode ?? '',
      amountMinor: deposit.amount?.minorUnits ?? 0n,
    });
    return malformed(context, violation, contentHash, index, deposit);
  }
  const command = depositCommand(deposit);
  return wellFormed(context, command, index, accountId, operationId);
}

export function openAccountItem(
  context: ItemContext,
  account: OpenAccountRequest,
  index: number,
): BatchItem {
  const { tenant, submissionId } = context.claim;
  const { accountId, operationId } = account;
  const [violation] = account.validateOnly ? [VALIDATE_ONLY] : checkOpenAccount(account);
  if (violation !== undefined) {
    const contentHash = rawContentHash({
      type: 'OpenAccount',
      tenant,
      ...account,
      overdraftLimitMinor: account.overdraftLimit?.minorUnits ?? 0n,
    });
    return malformed(context, violation, contentHash, index, account);
  }
  const derived = (): string => accountIdOfItem(tenant, submissionId, index);
  const command = openAccountCommand(account, tenant, derived);
  return wellFormed(context, command, index, accountId, operationId);
}

/**
 * Upper bound of a command's share of the packed row: fixed fields, the state after it, its texts
 * in UTF-8.
 */
export function packedBytesMax(command: Command): number {
  return FIXED_BYTES_MAX + 3 * unitsOf(command);
}

/** What the caller wrote, fit for a text column: at most 64 characters, none of them U+0000. */
export function shownText(text: string): string {
  if (text.length <= 36 && !text.includes('\0')) return text;
  return text.slice(0, SHOWN_CHARACTERS_MAX).replaceAll('\0', ' ').toWellFormed();
}

const SHOWN_CHARACTERS_MAX = 64;
const FIXED_BYTES_MAX = 240;
export const VALIDATE_ONLY: FieldViolation = {
  field: 'validate_only',
  description: 'must not be set on an item',
};

function wellFormed(
  context: ItemContext,
  command: Command,
  itemIndex: number,
  accountText: string,
  operationText: string,
): BatchItem {
  return {
    command,
    invalid: undefined,
    accountText,
    operationText,
    contentHash: contentHashOf(command),
    partition: partitionOfAccount(command.accountId, context.partitionCount),
    source: { kind: 'submission', claim: context.claim, itemIndex },
    bytes: packedBytesMax(command),
    traceparent: context.traceparent,
    settle: context.settle,
  };
}

export function malformed(
  context: ItemContext,
  violation: FieldViolation,
  contentHash: Uint8Array,
  itemIndex: number,
  item: { accountId: string; operationId: string },
): BatchItem {
  const { accountId, operationId } = item;
  return {
    command: undefined,
    invalid: invalidItem(violation),
    accountText: shownText(accountId),
    operationText: shownText(operationId),
    contentHash,
    partition: isUuid(accountId)
      ? partitionOfAccount(accountId, context.partitionCount)
      : context.homePartition,
    source: { kind: 'submission', claim: context.claim, itemIndex },
    bytes: FIXED_BYTES_MAX,
    traceparent: context.traceparent,
    settle: context.settle,
  };
}

function invalidItem({ field, description }: FieldViolation): Rejection {
  return reject('INVALID_ITEM', `${field}: ${description}`, field);
}

/** UTF-16 units of a command's texts; each takes three bytes at most. */
function unitsOf(command: Command): number {
  if (command.type === 'Deposit') return command.reference.length;
  let units = command.tenant.length + command.owner.length;
  for (const [key, value] of Object.entries(command.labels)) units += key.length + value.length + 4;
  return units;
}
