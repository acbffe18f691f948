/** Any command as one of Operation's requests, sent alone as its own unary call. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import {
  AccountCommandServiceService as COMMANDS,
  type GetOperationResponse,
  type Hold,
} from '#proto/bank/v1/account_command_service.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import { Operation, type DeepPartial } from '#proto/bank/v1/operation.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import { callUnary } from '#test/support/intake-replica.ts';

export type CommandRequest = NonNullable<Operation['command']>;

type Fields = {
  accountId?: string;
  amount?: Money | undefined;
  operationId?: string;
  currencyCode?: string;
  expectedVersion?: bigint;
  validateOnly?: boolean;
  holdId?: string;
  expiresAt?: Timestamp | undefined;
  releaseRest?: boolean;
  overdraftLimit?: Money | undefined;
  debits?: boolean;
  credits?: boolean;
  reason?: string;
  reversedOperationId?: string;
  reference?: string;
  owner?: string;
  sweepTo?: string;
  sourceAccountId?: string;
  destinationAccountId?: string;
};

export type CommandCase = Fields & { readonly $case: CommandRequest['$case'] };

export const EUR = (minorUnits: bigint): Money => ({ currencyCode: 'EUR', minorUnits });

/** With everything unsaid left empty; a field that the command does not have is left out. */
export function request($case: CommandRequest['$case'], fields: Fields): CommandRequest {
  const partial: DeepPartial<Operation> = { command: { $case, value: fields } };
  const { command } = Operation.fromPartial(partial);
  if (command === undefined) throw new Error(`no command ${$case}`);
  return command;
}

export type CommandAnswer = {
  receipt: CommandReceipt | undefined;
  hold?: Hold | undefined;
  destinationReceipt?: CommandReceipt | undefined;
  sweepReceipt?: CommandReceipt | undefined;
  counterpartReceipt?: CommandReceipt | undefined;
};

export function send({ commands }: Replica, command: CommandRequest): Promise<CommandAnswer> {
  switch (command.$case) {
    case 'openAccount':
      return callUnary(commands, COMMANDS.openAccount, command.value);
    case 'deposit':
      return callUnary(commands, COMMANDS.deposit, command.value);
    case 'withdraw':
      return callUnary(commands, COMMANDS.withdraw, command.value);
    case 'transfer':
      return callUnary(commands, COMMANDS.transfer, command.value);
    case 'placeHold':
      return callUnary(commands, COMMANDS.placeHold, command.value);
    case 'captureHold':
      return callUnary(commands, COMMANDS.captureHold, command.value);
    case 'releaseHold':
      return callUnary(commands, COMMANDS.releaseHold, command.value);
    case 'setOverdraftLimit':
      return callUnary(commands, COMMANDS.setOverdraftLimit, command.value);
    case 'freezeAccount':
      return callUnary(commands, COMMANDS.freezeAccount, command.value);
    case 'unfreezeAccount':
      return callUnary(commands, COMMANDS.unfreezeAccount, command.value);
    case 'closeAccount':
      return callUnary(commands, COMMANDS.closeAccount, command.value);
    case 'reverseOperation':
      return callUnary(commands, COMMANDS.reverseOperation, command.value);
    default:
      return unknownCommand(command);
  }
}

export function findOperation(
  { commands }: Replica,
  accountId: string,
  operationId: string,
): Promise<GetOperationResponse> {
  return callUnary(commands, COMMANDS.getOperation, { accountId, operationId });
}

function unknownCommand(command: never): never {
  throw new Error(`unknown command ${JSON.stringify(command)}`);
}

type Replica = { readonly commands: Client };

/** Opens an account and runs the commands on it; answers its id. */
export async function accountAfter(
  replica: Replica,
  ...commands: readonly CommandCase[]
): Promise<string> {
  const accountId = randomUUID();
  await send(replica, request('openAccount', { accountId, currencyCode: 'EUR' }));
  for (const command of commands) await send(replica, on(accountId, command));
  return accountId;
}

export function on(accountId: string, { $case, ...fields }: CommandCase): CommandRequest {
  return request($case, { ...fields, accountId, sourceAccountId: accountId });
}
