/**
 * AccountCommandService: one command a call. The request is checked by the rules that hold in bulk
 * too, becomes the domain's command, and is executed, or with validate_only decided and forgotten.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Command } from '#domain/commands.ts';
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import { uuidV7 } from '#platform/uuid.ts';
import type {
  AccountCommandServiceServer,
  CloseAccountRequest,
  GetOperationRequest,
  Hold,
  ReverseOperationRequest,
  TransferRequest,
} from '#proto/bank/v1/account_command_service.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { receiptOf, type Executed } from './batch-item.ts';
import { commandReceipt, holdAfter } from './command-answers.ts';
import { counterpartReceipt } from './counterpart-receipt.ts';
import { eraseOwner, type Sealing } from './erase-owner.ts';
import { execute, validate, type CommandContext } from './execute-command.ts';
import { checkOperationKey } from './field-rules.ts';
import { findOperation } from './find-operation.ts';
import { commandOf } from './request-commands.ts';
import { checkRequest, type CommandRequest } from './request-rules.ts';
import { withCounterpart } from './reversal-targets.ts';

type Served =
  | 'openAccount'
  | 'deposit'
  | 'withdraw'
  | 'transfer'
  | 'placeHold'
  | 'captureHold'
  | 'releaseHold'
  | 'setOverdraftLimit'
  | 'freezeAccount'
  | 'unfreezeAccount'
  | 'closeAccount'
  | 'reverseOperation'
  | 'getOperation'
  | 'eraseOwner';

/** The methods of AccountCommandService that are built. */
export function accountCommandHandlers(
  context: CommandContext,
  sealing: Sealing | undefined,
): Pick<AccountCommandServiceServer, Served> {
  const { log } = context;
  return {
    openAccount: simple(context, (value) => ({ $case: 'openAccount', value })),
    deposit: simple(context, (value) => ({ $case: 'deposit', value })),
    withdraw: simple(context, (value) => ({ $case: 'withdraw', value })),
    placeHold: ofHold(context, (value) => ({ $case: 'placeHold', value })),
    captureHold: ofHold(context, (value) => ({ $case: 'captureHold', value })),
    releaseHold: ofHold(context, (value) => ({ $case: 'releaseHold', value })),
    setOverdraftLimit: simple(context, (value) => ({ $case: 'setOverdraftLimit', value })),
    freezeAccount: simple(context, (value) => ({ $case: 'freezeAccount', value })),
    unfreezeAccount: simple(context, (value) => ({ $case: 'unfreezeAccount', value })),
    transfer: unary(log, async (value: TransferRequest, call) => {
      const [receipt, destinationReceipt] = await runPair(
        context,
        { $case: 'transfer', value },
        call,
      );
      return { receipt, destinationReceipt };
    }),
    closeAccount: unary(log, async (value: CloseAccountRequest, call) => {
      const [receipt, sweepReceipt] = await runPair(
        context,
        { $case: 'closeAccount', value },
        call,
      );
      return { receipt, sweepReceipt };
    }),
    reverseOperation: unary(log, async (value: ReverseOperationRequest, call) => {
      const request = { $case: 'reverseOperation', value } as const;
      const [receipt, counterpartReceipt] = await runPair(context, request, call);
      return { receipt, counterpartReceipt };
    }),
    getOperation: unary(log, async (request: GetOperationRequest, { caller }) => {
      refuseViolations(checkOperationKey(request));
      return findOperation(context, request, caller);
    }),
    eraseOwner: eraseOwner(context, sealing),
  };
}

type Answer = { receipt: CommandReceipt | undefined };

function simple<Request>(
  context: CommandContext,
  requestOf: (value: Request) => CommandRequest,
): handleUnaryCall<Request, Answer> {
  return unary(context.log, async (value: Request, call) => {
    const { receipt } = await run(context, requestOf(value), call);
    return { receipt };
  });
}

function ofHold<Request>(
  context: CommandContext,
  requestOf: (value: Request) => CommandRequest,
): handleUnaryCall<Request, Answer & { hold: Hold | undefined }> {
  return unary(context.log, (value: Request, call) => run(context, requestOf(value), call));
}

async function run(
  context: CommandContext,
  request: CommandRequest,
  call: CallContext,
): Promise<Answer & { hold: Hold | undefined }> {
  const { command, executed } = await decided(context, request, call);
  return { receipt: commandReceipt(receiptOf(command, executed)), hold: holdAfter(executed) };
}

/** The receipts of the command's own account and of its other one, if it has changed one. */
async function runPair(
  context: CommandContext,
  request: CommandRequest,
  call: CallContext,
): Promise<readonly [CommandReceipt, CommandReceipt | undefined]> {
  const { command, executed } = await decided(context, request, call);
  const other = await counterpartReceipt(context, command.operationId, executed, call.caller);
  return [commandReceipt(receiptOf(command, executed)), other];
}

async function decided(
  context: CommandContext,
  request: CommandRequest,
  call: CallContext,
): Promise<{ command: Command; executed: Executed }> {
  refuseViolations(checkRequest(request));
  const named = commandOf(request, call.caller.tenant, uuidV7);
  const command = await withCounterpart(context, named, call.caller);
  const { validateOnly } = request.value;
  const executed = await (validateOnly
    ? validate(context, command, call)
    : execute(context, command, call));
  return { command, executed };
}

function refuseViolations(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument([...violations]);
}
