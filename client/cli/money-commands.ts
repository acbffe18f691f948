/** `bank deposit|withdraw|transfer|reverse|operation`: money that moves, and what became of it. */
import {
  DepositResponse,
  GetOperationResponse,
  ReverseOperationResponse,
  TransferResponse,
  WithdrawResponse,
} from '#proto/bank/v1/account_command_service.ts';
import { entryTypeToJSON } from '#proto/bank/v1/entry_type.ts';
import type { JsonValue } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import type { Bank } from '../connect-bank.ts';
import type { CallOptions } from '../unary-methods.ts';
import { RECEIPT, type Receipt } from './account-columns.ts';
import { amountArgument } from './amount-argument.ts';
import { writeAnswer } from './answer-writer.ts';
import { dateArgument, uuidArgument } from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import { ENTRY_TYPE_PREFIX } from './entry-columns.ts';
import {
  EXAMPLE_ACCOUNT as ID,
  EXAMPLE_OPERATION as OPERATION,
  EXAMPLE_OTHER_ACCOUNT as OTHER,
} from './examples.ts';
import type { ContextOf } from './program-context.ts';
import { addSendOptions, sendCommand, textArgument, type SendOptions } from './send-command.ts';
import { shownName } from './shown-values.ts';

type MoneyOptions = SendOptions & { readonly reference?: string; readonly valueDate?: string };

export function addMoneyCommands(program: Command, contextOf: ContextOf): void {
  addMovement(program, contextOf, DEPOSIT);
  addMovement(program, contextOf, WITHDRAW);
  addTransfer(program, contextOf);
  addReverse(program, contextOf);
  addOperation(program, contextOf);
}

function addMoneyOptions(command: Command): Command {
  command
    .argument('<amount>', 'above 0, as 12.50 EUR')
    .argument('[currency]', 'where it is an argument of its own')
    .option('--reference <text>', 'what the statement shows', textArgument)
    .option('--value-date <day>', 'the day it counts from, YYYY-MM-DD', dateArgument);
  return addSendOptions(command);
}

/** Money of one account, in or out. */
type Movement<Response> = {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  readonly send: (
    bank: Bank,
    request: ReturnType<typeof wantedOf> & { accountId: string; operationId: string },
    calls: CallOptions,
  ) => Promise<Response>;
  readonly json: (response: Response) => JsonValue;
};

const DEPOSIT: Movement<DepositResponse> = {
  name: 'deposit',
  description: 'Puts money in.',
  example: `$ bank deposit ${ID} 12.50 EUR --reference "Salary"`,
  send: (bank, request, calls) => bank.deposit(request, calls),
  json: jsonOf('bank.v1.DepositResponse', DepositResponse),
};

const WITHDRAW: Movement<WithdrawResponse> = {
  name: 'withdraw',
  description: 'Takes money out, never more than is available.',
  example: `$ bank withdraw ${ID} "12.50 EUR" --if-version 4`,
  send: (bank, request, calls) => bank.withdraw(request, calls),
  json: jsonOf('bank.v1.WithdrawResponse', WithdrawResponse),
};

function addMovement<Response extends Pick<DepositResponse, 'receipt'>>(
  program: Command,
  contextOf: ContextOf,
  { name, description, example, send, json }: Movement<Response>,
): void {
  const command = program
    .command(name)
    .description(description)
    .argument('<account>', 'which', uuidArgument);
  addMoneyOptions(command)
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action(
      async (
        accountId: string,
        amount: string,
        currency: string | undefined,
        options: MoneyOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const wanted = { accountId, ...wantedOf([amount, currency], options) };
        await sendCommand(context, options, {
          send: (operationId) => send(context.connect(), { ...wanted, operationId }, context.calls),
          json,
          receipts: ({ receipt }) => [receipt],
        });
      },
    );
}

function addTransfer(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('transfer')
    .description('Moves money between two accounts: both legs are stored, or none.')
    .argument('<source>', 'the account that is debited', uuidArgument)
    .argument('<destination>', 'the account that is credited', uuidArgument);
  addMoneyOptions(command)
    .addHelpText(
      'after',
      `\nExample:\n  $ bank transfer ${ID} ${OTHER} 250.00 EUR --reference Rent`,
    )
    .action(
      async (
        sourceAccountId: string,
        destinationAccountId: string,
        amount: string,
        currency: string | undefined,
        options: MoneyOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const moved = wantedOf([amount, currency], options);
        const wanted = { sourceAccountId, destinationAccountId, ...moved };
        await sendCommand(context, options, {
          send: (operationId) =>
            context.connect().transfer({ ...wanted, operationId }, context.calls),
          json: jsonOf('bank.v1.TransferResponse', TransferResponse),
          receipts: ({ receipt, destinationReceipt }) => [receipt, destinationReceipt],
        });
      },
    );
}

function wantedOf(amount: readonly (string | undefined)[], options: MoneyOptions) {
  const { reference = '', valueDate = '', ifVersion = 0n, dryRun = false } = options;
  return {
    amount: amountArgument('amount', amount),
    reference,
    valueDate,
    expectedVersion: ifVersion,
    validateOnly: dryRun,
  };
}

type ReverseOptions = SendOptions & { readonly reason: string };

function addReverse(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('reverse')
    .description('Undoes a deposit, withdrawal, transfer or capture, once, by an opposite entry.')
    .argument('<account>', "the operation's account; of a transfer, its source", uuidArgument)
    .argument('<operation>', 'what to undo', uuidArgument)
    .requiredOption('--reason <text>', 'why', textArgument);
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank reverse ${ID} ${OPERATION} --reason "paid twice"`)
    .action(
      async (
        accountId: string,
        reversedOperationId: string,
        options: ReverseOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const { reason, ifVersion = 0n, dryRun = false } = options;
        const wanted = { accountId, reversedOperationId, reason, expectedVersion: ifVersion };
        await sendCommand(context, options, {
          send: (operationId) =>
            context
              .connect()
              .reverseOperation({ ...wanted, operationId, validateOnly: dryRun }, context.calls),
          json: jsonOf('bank.v1.ReverseOperationResponse', ReverseOperationResponse),
          receipts: ({ receipt, counterpartReceipt }) => [receipt, counterpartReceipt],
        });
      },
    );
}

function addOperation(program: Command, contextOf: ContextOf): void {
  program
    .command('operation')
    .description('Tells what became of an operation.')
    .argument('<account>', "the operation's account; of a transfer, its source", uuidArgument)
    .argument('<operation>', 'which', uuidArgument)
    .addHelpText('after', `\nExample:\n  $ bank operation ${ID} ${OPERATION}`)
    .action(async (accountId: string, operationId: string, _: unknown, command: Command) => {
      const context = contextOf(command);
      const found = await context.connect().getOperation({ accountId, operationId }, context.calls);
      const kind = shownName(entryTypeToJSON(found.type), ENTRY_TYPE_PREFIX);
      const { receipt, counterpartReceipt } = found;
      await writeAnswer<Receipt>(context, {
        json: jsonOf('bank.v1.GetOperationResponse', GetOperationResponse)(found),
        rows: [
          ...(receipt === undefined ? [] : [{ ...receipt, replayed: false, kind }]),
          ...(counterpartReceipt === undefined ? [] : [{ ...counterpartReceipt, replayed: false }]),
        ],
        columns: RECEIPT,
      });
    });
}
