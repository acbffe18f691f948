/** `bank hold|capture|release`: money that is set aside, taken out, or free again. */
import {
  CaptureHoldResponse,
  PlaceHoldResponse,
  ReleaseHoldResponse,
} from '#proto/bank/v1/account_command_service.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import type { Command } from 'commander';
import { amountArgument } from './amount-argument.ts';
import { timeArgument, uuidArgument } from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import { EXAMPLE_ACCOUNT as ID, EXAMPLE_HOLD as HOLD } from './examples.ts';
import type { ContextOf } from './program-context.ts';
import { addSendOptions, sendCommand, textArgument, type SendOptions } from './send-command.ts';

export function addHoldCommands(program: Command, contextOf: ContextOf): void {
  addHold(program, contextOf);
  addCapture(program, contextOf);
  addRelease(program, contextOf);
}

type HoldOptions = SendOptions & {
  readonly reference?: string;
  readonly holdId?: string;
  readonly expiresAt?: Timestamp;
};

function addHold(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('hold')
    .description('Sets money aside: it stays in the balance and is no longer available.')
    .argument('<account>', 'which', uuidArgument)
    .argument('<amount>', 'above 0, as 12.50 EUR')
    .argument('[currency]', 'where it is an argument of its own')
    .option('--reference <text>', 'what the statement shows', textArgument)
    .option('--hold-id <uuid>', 'a new one if not given', uuidArgument)
    .option('--expires-at <time>', 'when it ends by itself; never if not given', timeArgument);
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank hold ${ID} 300.00 EUR --reference Hotel`)
    .action(
      async (
        accountId: string,
        amount: string,
        currency: string | undefined,
        options: HoldOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const { reference = '', holdId = '', ifVersion = 0n, dryRun = false } = options;
        const { expiresAt } = options;
        const wanted = {
          accountId,
          amount: amountArgument('amount', [amount, currency]),
          reference,
          holdId,
          ...(expiresAt === undefined ? {} : { expiresAt }),
          expectedVersion: ifVersion,
          validateOnly: dryRun,
        };
        await sendCommand(context, options, {
          send: (operationId) =>
            context.connect().placeHold({ ...wanted, operationId }, context.calls),
          json: jsonOf('bank.v1.PlaceHoldResponse', PlaceHoldResponse),
          receipts: ({ receipt }) => [receipt],
          extra: ({ hold }) => ({ hold }),
        });
      },
    );
}

type CaptureOptions = SendOptions & {
  readonly reference?: string;
  readonly releaseRest?: true;
};

function addCapture(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('capture')
    .description('Takes out money that was set aside: all that is left of the hold, or a part.')
    .argument('<account>', 'which', uuidArgument)
    .argument('<hold>', 'the id of the hold', uuidArgument)
    .argument('[amount]', 'above 0, as 12.50 EUR; all that is left if not given')
    .argument('[currency]', 'where it is an argument of its own')
    .option('--release-rest', 'what the capture leaves is free again')
    .option('--reference <text>', 'what the statement shows', textArgument);
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank capture ${ID} ${HOLD} 120.00 EUR --release-rest`)
    .action(
      async (
        accountId: string,
        holdId: string,
        amount: string | undefined,
        currency: string | undefined,
        options: CaptureOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const { reference = '', releaseRest = false } = options;
        const { ifVersion = 0n, dryRun = false } = options;
        const taken =
          amount === undefined ? {} : { amount: amountArgument('amount', [amount, currency]) };
        const wanted = {
          accountId,
          holdId,
          ...taken,
          reference,
          releaseRest,
          expectedVersion: ifVersion,
          validateOnly: dryRun,
        };
        await sendCommand(context, options, {
          send: (operationId) =>
            context.connect().captureHold({ ...wanted, operationId }, context.calls),
          json: jsonOf('bank.v1.CaptureHoldResponse', CaptureHoldResponse),
          receipts: ({ receipt }) => [receipt],
          extra: ({ hold }) => ({ hold }),
        });
      },
    );
}

function addRelease(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('release')
    .description('Frees all that a hold still sets aside.')
    .argument('<account>', 'which', uuidArgument)
    .argument('<hold>', 'the id of the hold', uuidArgument);
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank release ${ID} ${HOLD}`)
    .action(async (accountId: string, holdId: string, options: SendOptions, command: Command) => {
      const context = contextOf(command);
      const { ifVersion = 0n, dryRun = false } = options;
      const wanted = { accountId, holdId, expectedVersion: ifVersion, validateOnly: dryRun };
      await sendCommand(context, options, {
        send: (operationId) =>
          context.connect().releaseHold({ ...wanted, operationId }, context.calls),
        json: jsonOf('bank.v1.ReleaseHoldResponse', ReleaseHoldResponse),
        receipts: ({ receipt }) => [receipt],
        extra: ({ hold }) => ({ hold }),
      });
    });
}
