/** GetOperation: what became of an operation, rebuilt from the event that carries its id. */
import { status } from '@grpc/grpc-js';
import type { Caller } from '#platform/caller.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type {
  GetOperationRequest,
  GetOperationResponse,
} from '#proto/bank/v1/account_command_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { receiptOf } from './batch-item.ts';
import { commandReceipt } from './command-answers.ts';
import { counterpartReceipt } from './counterpart-receipt.ts';
import { replayedFrom } from './replayed.ts';
import { readOperation } from './sql/read-operation.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** Of a request that names two UUIDs. */
export async function findOperation(
  context: SubmissionContext,
  request: GetOperationRequest,
  caller: Caller,
): Promise<GetOperationResponse> {
  const accountId = canonicalUuid(request.accountId) ?? '';
  const operationId = canonicalUuid(request.operationId) ?? '';
  const found = await readFromEventStore(context, (pool) =>
    readOperation(pool, accountId, operationId),
  );
  const opened = found && { accountId, payload: found.opened };
  if (found === undefined || !(await context.holders.reaches(caller, opened))) {
    const missing = `account ${accountId} has executed no operation ${operationId}`;
    const message = `${missing} (a transfer belongs to its source)`;
    throw refusal(status.NOT_FOUND, 'OPERATION_NOT_FOUND', message);
  }
  const executed = replayedFrom(found.payload, found.version, found.recordedAtMicros);
  return {
    receipt: commandReceipt(receiptOf({ accountId, operationId }, executed)),
    counterpartReceipt: await counterpartReceipt(context, operationId, executed, caller),
    type: entryTypeOf(found.type),
  };
}

/** Numbers of stored event types and of the contract's entry types are equal. */
function entryTypeOf(eventType: number): EntryType {
  const type = Object.values(EntryType).find((value) => value === eventType);
  if (type === undefined) throw new Error(`an event of unknown type ${eventType}`);
  return type;
}
