/**
 * One item of a bulk message, as the batcher takes it. A malformed item is an item too: it is
 * stored as refused at its index with the first rule that it breaks, and changes nothing else.
 * Items of one stream share their stream's context; each is built without waiting and in about two
 * microseconds.
 */
import type { Command } from '#domain/commands.ts';
import { reject, type Rejection } from '#domain/rejection.ts';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { partitionOfAccount, partitionOfId } from '#platform/partitioning.ts';
import { isUuid, readUuid } from '#platform/uuid.ts';
import type { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { SHOWN_CHARACTERS_MAX } from './bounds.ts';
import type { BatchItem, SubmissionOrigin, WrittenIds } from './batch-item.ts';
import { contentHashOf, rawContentHash } from './content-hash.ts';
import { checkDeposit, checkDepositContent, checkOpenAccount } from './field-rules.ts';
import { idOfItem } from './derived-ids.ts';
import { depositTo, openAccountCommand } from './request-commands.ts';
import { otherPartitionOf } from './wanted.ts';

/** What the items of one stream have in common. */
export type ItemContext = {
  readonly origin: SubmissionOrigin;
  readonly partitionCount: number;
  /** The submission's own partition: where items without a usable account go. */
  readonly homePartition: number;
};

export function depositItem(context: ItemContext, deposit: DepositItem, index: number): BatchItem {
  const accountId = readUuid(deposit.accountId, idBytes);
  const [violation] =
    accountId === undefined ? checkDeposit(deposit) : checkDepositContent(deposit);
  if (accountId === undefined || violation !== undefined) {
    const contentHash = rawContentHash({
      type: 'Deposit',
      ...deposit,
      currencyCode: deposit.amount?.currencyCode ?? '',
      amountMinor: deposit.amount?.minorUnits ?? 0n,
    });
    return malformed(context, violation ?? BAD_ACCOUNT_ID, contentHash, index, deposit);
  }
  const partition = partitionOfId(idBytes, context.partitionCount);
  return wellFormed(context, depositTo(accountId, deposit), partition, index, deposit);
}

export function openAccountItem(
  context: ItemContext,
  account: OpenAccountRequest,
  index: number,
): BatchItem {
  const { claim, caller } = context.origin;
  const { tenant } = caller;
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
  const derived = (): string => idOfItem('account', claim.tenant, claim.submissionId, index);
  const command = openAccountCommand(account, tenant, derived);
  const partition = partitionOfAccount(command.accountId, context.partitionCount);
  return wellFormed(context, command, partition, index, account);
}

/**
 * Upper bound of a command's share of the packed row: fixed fields, the state after it, its texts
 * in UTF-8, for each of its events. Ends of passed holds are not in it: see DECIDED_BYTES_MAX.
 */
export function packedBytesMax(command: Command): number {
  const texts = 3 * unitsOf(command);
  if (command.type === 'Deposit' || command.type === 'OpenAccount') return FIXED_BYTES_MAX + texts;
  return eventsMax(command) * (RICH_BYTES_MAX + texts);
}

function eventsMax(command: Command): number {
  if (command.type === 'CloseAccount' && command.sweepTo !== undefined) return 3;
  if (command.type === 'ReverseEvent') return command.event.type === 'TransferSent' ? 2 : 1;
  return command.type === 'Transfer' || command.type === 'ReverseOperation' ? 2 : 1;
}

/** What the caller wrote, fit for a text column: at most 64 characters, none of them U+0000. */
export function shownText(text: string): string {
  if (text.length <= 36 && !text.includes('\0')) return text;
  return text.slice(0, SHOWN_CHARACTERS_MAX).replaceAll('\0', ' ').toWellFormed();
}

/** Of the account of the item in hand: nothing here waits. */
const idBytes = new Uint8Array(16);
const FIXED_BYTES_MAX = 240;
/** With the ids, amounts and times of any other event. */
const RICH_BYTES_MAX = 320;
const BAD_ACCOUNT_ID: FieldViolation = { field: 'account_id', description: 'must be a UUID' };
export const VALIDATE_ONLY: FieldViolation = {
  field: 'validate_only',
  description: 'must not be set on an item',
};

export function wellFormed(
  context: ItemContext,
  command: Command,
  partition: number,
  itemIndex: number,
  request: { accountId: string; operationId: string },
): BatchItem {
  return {
    command,
    invalid: undefined,
    written: writtenIds(request, command),
    contentHash: contentHashOf(command),
    partition,
    otherPartition: otherPartitionOf(command, partition, context.partitionCount),
    itemIndex,
    bytes: packedBytesMax(command),
    origin: context.origin,
  };
}

/** Capitals, or an id that the command got by itself. */
function writtenIds(
  request: { accountId: string; operationId: string },
  command: Command,
): WrittenIds | undefined {
  const { accountId, operationId } = request;
  if (accountId === command.accountId && operationId === (command.operationId ?? '')) {
    return undefined;
  }
  return { accountText: accountId, operationText: operationId };
}

export function malformed(
  context: ItemContext,
  violation: FieldViolation,
  contentHash: string,
  itemIndex: number,
  item: { accountId: string; operationId: string },
): BatchItem {
  const { accountId, operationId } = item;
  return {
    command: undefined,
    invalid: invalidItem(violation),
    written: { accountText: shownText(accountId), operationText: shownText(operationId) },
    contentHash,
    partition: isUuid(accountId)
      ? partitionOfAccount(accountId, context.partitionCount)
      : context.homePartition,
    otherPartition: undefined,
    itemIndex,
    bytes: FIXED_BYTES_MAX,
    origin: context.origin,
  };
}

function invalidItem({ field, description }: FieldViolation): Rejection {
  return reject('INVALID_ITEM', `${field}: ${description}`, field);
}

/** UTF-16 units of a command's texts; each takes three bytes at most. */
function unitsOf(command: Command): number {
  if ('reference' in command) return command.reference.length;
  if ('reason' in command) return command.reason.length;
  if (command.type !== 'OpenAccount') return 0;
  let units = command.tenant.length + command.owner.length;
  for (const [key, value] of Object.entries(command.labels)) units += key.length + value.length + 4;
  return units;
}
