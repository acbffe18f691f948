/** An item of mixed commands (Operation), for BulkSubmit and SubmitBatch. */
import type { Command } from '#domain/commands.ts';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { Operation } from '#proto/bank/v1/operation.ts';
import type { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import type { BatchItem } from './batch-item.ts';
import {
  depositItem,
  malformed,
  openAccountItem,
  VALIDATE_ONLY,
  wellFormed,
  type ItemContext,
} from './bulk-items.ts';
import { rawContentHash, rawRequestHash, type RawContent } from './content-hash.ts';
import { idOfItem, type Made } from './derived-ids.ts';
import { commandOf } from './request-commands.ts';
import { checkRequest, type CommandRequest } from './request-rules.ts';

export function operationItem(
  context: ItemContext,
  { command }: Operation,
  index: number,
): BatchItem {
  if (command === undefined) {
    return malformed(context, NO_COMMAND, rawContentHash(NOTHING), index, NOTHING);
  }
  if (command.$case === 'openAccount') return openAccountItem(context, command.value, index);
  if (command.$case !== 'deposit') return requestItem(context, command, index);
  const deposit = command.value;
  if (!deposit.validateOnly) return depositItem(context, deposit, index);
  return malformed(context, VALIDATE_ONLY, hashOf(deposit), index, deposit);
}

function requestItem(context: ItemContext, request: CommandRequest, index: number): BatchItem {
  const ids = idsOf(request);
  const [violation] = request.value.validateOnly ? [VALIDATE_ONLY] : checkRequest(request);
  if (violation !== undefined) {
    const bytes = Operation.encode({ command: request }).finish();
    return malformed(context, violation, rawRequestHash(TYPES[request.$case], bytes), index, ids);
  }
  const { claim, caller } = context.origin;
  const newId = (made: Made) => idOfItem(made, claim.tenant, claim.submissionId, index);
  const command = commandOf(request, caller.tenant, newId);
  const partition = partitionOfAccount(command.accountId, context.partitionCount);
  return wellFormed(context, command, partition, index, ids);
}

/** The account that the item is of: a transfer's is its source. */
function idsOf({ $case, value }: CommandRequest): { accountId: string; operationId: string } {
  if ($case !== 'transfer') return value;
  return { accountId: value.sourceAccountId, operationId: value.operationId };
}

const TYPES = {
  openAccount: 'OpenAccount',
  deposit: 'Deposit',
  withdraw: 'Withdraw',
  transfer: 'Transfer',
  placeHold: 'PlaceHold',
  captureHold: 'CaptureHold',
  releaseHold: 'ReleaseHold',
  setOverdraftLimit: 'SetOverdraftLimit',
  freezeAccount: 'FreezeAccount',
  unfreezeAccount: 'UnfreezeAccount',
  closeAccount: 'CloseAccount',
  reverseOperation: 'ReverseOperation',
} as const satisfies Record<CommandRequest['$case'], Command['type']>;

const NO_COMMAND: FieldViolation = { field: 'command', description: 'is required' };

/** What an operation without a command is known by. */
const NOTHING = {
  type: 'Deposit',
  accountId: '',
  currencyCode: '',
  amountMinor: 0n,
  reference: '',
  valueDate: '',
  operationId: '',
} as const satisfies RawContent;

function hashOf(deposit: DepositRequest): string {
  const currencyCode = deposit.amount?.currencyCode ?? '';
  const amountMinor = deposit.amount?.minorUnits ?? 0n;
  return rawContentHash({ ...deposit, type: 'Deposit', currencyCode, amountMinor });
}
