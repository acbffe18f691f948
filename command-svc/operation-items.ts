/**
 * An item of mixed commands (Operation), for BulkSubmit and SubmitBatch. A command that is not
 * served yet refuses its whole message with UNIMPLEMENTED and its name, before anything of the
 * message is taken.
 */
import { status } from '@grpc/grpc-js';
import { RpcError, type FieldViolation } from '#platform/grpc-errors.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import type { BatchItem } from './batch-item.ts';
import {
  depositItem,
  malformed,
  openAccountItem,
  VALIDATE_ONLY,
  type ItemContext,
} from './bulk-items.ts';
import { rawContentHash, type RawContent } from './content-hash.ts';

/** Throws UNIMPLEMENTED for a command or a field that is not served yet. */
export function refuseUnservedOperations(operations: readonly Operation[]): void {
  for (const [index, { command }] of operations.entries()) {
    if (command === undefined || command.$case === 'openAccount') continue;
    if (command.$case !== 'deposit') throw notServed(snakeCase(command.$case), index);
    if (command.value.expectedVersion !== 0n) throw notServed('deposit.expected_version', index);
  }
}

export function operationItem(
  context: ItemContext,
  { command }: Operation,
  index: number,
): BatchItem {
  if (command === undefined) {
    return malformed(context, NO_COMMAND, rawContentHash(NOTHING), index, NOTHING);
  }
  if (command.$case === 'openAccount') return openAccountItem(context, command.value, index);
  if (command.$case !== 'deposit') throw notServed(snakeCase(command.$case), index);
  const deposit = command.value;
  if (!deposit.validateOnly) return depositItem(context, deposit, index);
  return malformed(context, VALIDATE_ONLY, hashOf(deposit), index, deposit);
}

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

function notServed(path: string, index: number): RpcError {
  const field = `operations[${index}].${path}`;
  return new RpcError(status.UNIMPLEMENTED, `the field ${field} is not served yet`, {
    violations: [{ field, description: 'is not served yet; leave it out' }],
  });
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
