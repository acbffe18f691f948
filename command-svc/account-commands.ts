/**
 * AccountCommandService: one command a call. The request is checked, becomes a batch item of its
 * account's lane and waits there for its outcome; unary commands lead their lane's next batch.
 * Answers only what is stored. A command whose deadline passes before it is appended is dropped; a
 * full lane answers QUEUE_FULL at once.
 */
import { status } from '@grpc/grpc-js';
import type { Command } from '#domain/commands.ts';
import { invalidArgument, refusal, type FieldViolation } from '#platform/grpc-errors.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';
import { canonicalUuid, uuidV7 } from '#platform/uuid.ts';
import {
  DepositRequest,
  GetOperationRequest,
  OpenAccountRequest,
  type AccountCommandServiceServer,
} from '#proto/bank/v1/account_command_service.ts';
import type { GetOperationResponse } from '#proto/bank/v1/account_command_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { receiptOf, type BatchItem, type ItemOutcome, type Receipt } from './batch-item.ts';
import type { Batcher } from './batcher.ts';
import { packedBytesMax } from './bulk-items.ts';
import { commandReceipt, refusalOf } from './command-answers.ts';
import { contentHashOf } from './content-hash.ts';
import { receiptState } from './event-codec.ts';
import { checkDeposit, checkOpenAccount, checkOperationKey } from './field-rules.ts';
import { depositCommand, openAccountCommand } from './request-commands.ts';
import { readOperation } from './sql/read-operation.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';
import { NO_TENANT } from './tenant.ts';

export type CommandContext = SubmissionContext & { readonly batcher: Batcher };

/** The methods of AccountCommandService that are built. */
export function accountCommandHandlers(
  context: CommandContext,
): Pick<AccountCommandServiceServer, 'openAccount' | 'deposit' | 'getOperation'> {
  const { log } = context;
  return {
    openAccount: unary(log, async (request: OpenAccountRequest, call) => {
      refuseUnservedFields(request, OPEN_ACCOUNT_FIELDS, OpenAccountRequest.create());
      refuseViolations(checkOpenAccount(request));
      const command = openAccountCommand(request, NO_TENANT, uuidV7);
      return { receipt: commandReceipt(await execute(context, command, call)) };
    }),
    deposit: unary(log, async (request: DepositRequest, call) => {
      refuseUnservedFields(request, DEPOSIT_FIELDS, DepositRequest.create());
      refuseViolations(checkDeposit(request));
      return { receipt: commandReceipt(await execute(context, depositCommand(request), call)) };
    }),
    getOperation: unary(log, async (request: GetOperationRequest) => {
      refuseUnservedFields(request, OPERATION_FIELDS, GetOperationRequest.create());
      refuseViolations(checkOperationKey(request));
      return findOperation(context, request);
    }),
  };
}

const OPEN_ACCOUNT_FIELDS = [
  'account_id',
  'currency_code',
  'owner',
  'overdraft_limit',
  'labels',
  'operation_id',
] as const;
const DEPOSIT_FIELDS = ['account_id', 'amount', 'operation_id', 'reference', 'value_date'] as const;
const OPERATION_FIELDS = ['account_id', 'operation_id'] as const;

function refuseViolations(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument([...violations]);
}

async function execute(
  context: CommandContext,
  command: Command,
  call: CallContext,
): Promise<Receipt> {
  const outcome = await outcomeOf(context, command, call);
  switch (outcome.kind) {
    case 'accepted':
    case 'replayed':
      return receiptOf(command, outcome);
    case 'rejected':
      throw refusalOf(outcome.rejection);
    case 'failed':
      throw outcome.error;
    case 'taken-over':
      throw new Error('a command without a submission lost a claim');
    default:
      return unknownOutcome(outcome);
  }
}

/** Resolves once the batcher has settled the item; a call that is gone by then gets no answer. */
function outcomeOf(
  context: CommandContext,
  command: Command,
  call: CallContext,
): Promise<ItemOutcome> {
  call.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const item: BatchItem = {
      command,
      invalid: undefined,
      written: undefined,
      contentHash: contentHashOf(command),
      partition: partitionOfAccount(command.accountId, context.partitionCount),
      itemIndex: 0,
      bytes: packedBytesMax(command),
      origin: {
        kind: 'unary',
        traceparent: call.traceparent,
        settle: resolve,
        deadlineMs: call.deadlineMs,
        signal: call.signal,
      },
    };
    if (context.batcher.tryEnqueue(item)) return;
    const message = "the account's queue is full: nothing was done";
    const { retryAfterMs } = context.submissions;
    reject(refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, { retryAfterMs }));
  });
}

function unknownOutcome(outcome: never): never {
  throw new Error(`unknown outcome ${JSON.stringify(outcome)}`);
}

async function findOperation(
  context: CommandContext,
  request: GetOperationRequest,
): Promise<GetOperationResponse> {
  const accountId = canonicalUuid(request.accountId) ?? '';
  const operationId = canonicalUuid(request.operationId) ?? '';
  const found = await readFromEventStore(context, (pool) =>
    readOperation(pool, accountId, operationId),
  );
  if (found === undefined) {
    const message = `account ${accountId} has executed no operation ${operationId}`;
    throw refusal(status.NOT_FOUND, 'OPERATION_NOT_FOUND', message);
  }
  const after = receiptState(found.payload, found.version);
  const storedAtMicros = found.recordedAtMicros;
  const executed = { kind: 'replayed', after, storedAtMicros } as const;
  const receipt = receiptOf({ accountId, operationId }, executed);
  return {
    receipt: commandReceipt(receipt),
    counterpartReceipt: undefined,
    type: entryTypeOf(found.type),
  };
}

/** Numbers of stored event types and of the contract's entry types are equal. */
function entryTypeOf(eventType: number): EntryType {
  const type = Object.values(EntryType).find((value) => value === eventType);
  if (type === undefined) throw new Error(`an event of unknown type ${eventType}`);
  return type;
}
