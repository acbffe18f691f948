/**
 * AccountCommandService: one command a call. The request is checked by the rules that hold in bulk
 * too, becomes the domain's command, and is executed, or with validate_only decided and forgotten.
 */
import type { handleUnaryCall } from '@grpc/grpc-js';
import { invalidArgument, type FieldViolation } from '#platform/grpc-errors.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';
import { uuidV7 } from '#platform/uuid.ts';
import {
  CloseAccountRequest,
  type AccountCommandServiceServer,
  type GetOperationRequest,
  type Hold,
  type ReverseOperationRequest,
} from '#proto/bank/v1/account_command_service.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { receiptOf } from './batch-item.ts';
import { commandReceipt, holdAfter } from './command-answers.ts';
import { execute, validate, type CommandContext } from './execute-command.ts';
import { checkOperationKey } from './field-rules.ts';
import { findOperation } from './find-operation.ts';
import { commandOf } from './request-commands.ts';
import { checkRequest, type CommandRequest } from './request-rules.ts';
import { NO_TENANT } from './tenant.ts';

type Served =
  | 'openAccount'
  | 'deposit'
  | 'withdraw'
  | 'placeHold'
  | 'captureHold'
  | 'releaseHold'
  | 'setOverdraftLimit'
  | 'freezeAccount'
  | 'unfreezeAccount'
  | 'closeAccount'
  | 'reverseOperation'
  | 'getOperation';

/** The methods of AccountCommandService that are built. */
export function accountCommandHandlers(
  context: CommandContext,
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
    closeAccount: unary(log, async (value: CloseAccountRequest, call) => {
      refuseUnservedFields(value, CLOSE_FIELDS, CloseAccountRequest.create());
      const { receipt } = await run(context, { $case: 'closeAccount', value }, call);
      return { receipt, sweepReceipt: undefined };
    }),
    reverseOperation: unary(log, async (value: ReverseOperationRequest, call) => {
      const { receipt } = await run(context, { $case: 'reverseOperation', value }, call);
      return { receipt, counterpartReceipt: undefined };
    }),
    getOperation: unary(log, async (request: GetOperationRequest) => {
      refuseViolations(checkOperationKey(request));
      return findOperation(context, request);
    }),
  };
}

/** sweep_to is not served yet. */
const CLOSE_FIELDS = [
  'account_id',
  'reason',
  'operation_id',
  'expected_version',
  'validate_only',
] as const;

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
  refuseViolations(checkRequest(request));
  const command = commandOf(request, NO_TENANT, uuidV7);
  const { validateOnly } = request.value;
  const executed = await (validateOnly
    ? validate(context, command)
    : execute(context, command, call));
  return { receipt: commandReceipt(receiptOf(command, executed)), hold: holdAfter(executed) };
}

function refuseViolations(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument([...violations]);
}
