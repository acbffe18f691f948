/** `bank open|close|freeze|unfreeze|overdraft`: commands on what an account may do. */
import {
  CloseAccountResponse,
  FreezeAccountResponse,
  OpenAccountResponse,
  SetOverdraftLimitResponse,
  UnfreezeAccountResponse,
} from '#proto/bank/v1/account_command_service.ts';
import type { Command } from 'commander';
import { amountArgument } from './amount-argument.ts';
import { currencyArgument, labelsArgument, uuidArgument } from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import type { ContextOf } from './program-context.ts';
import { addSendOptions, sendCommand, textArgument, type SendOptions } from './send-command.ts';
import { EXAMPLE_ACCOUNT as ID, EXAMPLE_OTHER_ACCOUNT as OTHER } from './examples.ts';

export function addAccountCommands(program: Command, contextOf: ContextOf): void {
  addOpen(program, contextOf);
  addClose(program, contextOf);
  addFreeze(program, contextOf);
  addUnfreeze(program, contextOf);
  addOverdraft(program, contextOf);
}

type OpenOptions = SendOptions & {
  readonly owner?: string;
  readonly label?: Record<string, string>;
  readonly overdraft?: string;
};

function addOpen(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('open')
    .description('Opens an account.')
    .argument('<currency>', 'ISO 4217, for its whole life', currencyArgument)
    .argument('[account]', 'its id; a new one if not given', uuidArgument)
    .option('--owner <name>', 'whose it is', textArgument)
    .option('--label <key=value>', 'a label of yours; repeatable', labelsArgument)
    .option('--overdraft <amount>', 'how far below zero it may be drawn, as "100.00 EUR"');
  addSendOptions(command, { version: false })
    .addHelpText('after', `\nExample:\n  $ bank open EUR ${ID} --owner Ada --label branch=Izmir`)
    .action(
      async (
        currencyCode: string,
        accountId: string | undefined,
        options: OpenOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const { owner = '', label: labels = {}, overdraft, dryRun = false } = options;
        const limit =
          overdraft === undefined ? {} : { overdraftLimit: limitOf(overdraft, currencyCode) };
        const wanted = { accountId: accountId ?? '', currencyCode, owner, labels, ...limit };
        await sendCommand(context, options, {
          send: (operationId) =>
            context
              .connect()
              .openAccount({ ...wanted, operationId, validateOnly: dryRun }, context.calls),
          json: jsonOf('bank.v1.OpenAccountResponse', OpenAccountResponse),
          receipts: ({ receipt }) => [receipt],
        });
      },
    );
}

/** The account's currency need not be typed twice. */
function limitOf(text: string, currencyCode: string) {
  const parts = /\s/.test(text.trim()) ? [text] : [text, currencyCode];
  return amountArgument('overdraft', parts, { zeroAllowed: true });
}

type CloseOptions = SendOptions & { readonly sweepTo?: string; readonly reason?: string };

function addClose(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('close')
    .description('Ends an account whose balance is zero, or is swept to another one.')
    .argument('<account>', 'which', uuidArgument)
    .option('--sweep-to <account>', 'what takes its whole balance', uuidArgument)
    .option('--reason <text>', 'why', textArgument);
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank close ${ID} --sweep-to ${OTHER} --reason "moved"`)
    .action(async (accountId: string, options: CloseOptions, command: Command) => {
      const context = contextOf(command);
      const { sweepTo = '', reason = '', ifVersion = 0n, dryRun = false } = options;
      const wanted = { accountId, sweepTo, reason, expectedVersion: ifVersion };
      await sendCommand(context, options, {
        send: (operationId) =>
          context
            .connect()
            .closeAccount({ ...wanted, operationId, validateOnly: dryRun }, context.calls),
        json: jsonOf('bank.v1.CloseAccountResponse', CloseAccountResponse),
        receipts: ({ receipt, sweepReceipt }) => [receipt, sweepReceipt],
      });
    });
}

type FreezeOptions = SendOptions & {
  readonly reason: string;
  readonly debits?: true;
  readonly credits?: true;
};

function addFreeze(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('freeze')
    .description('Stops debits, credits, or (if neither is named) both.')
    .argument('<account>', 'which', uuidArgument)
    .requiredOption('--reason <text>', 'why', textArgument)
    .option('--debits', 'refuse debits')
    .option('--credits', 'refuse credits');
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank freeze ${ID} --debits --reason "card lost"`)
    .action(async (accountId: string, options: FreezeOptions, command: Command) => {
      const context = contextOf(command);
      const { reason, ifVersion = 0n, dryRun = false } = options;
      const both = options.debits === undefined && options.credits === undefined;
      const debits = both || options.debits === true;
      const credits = both || options.credits === true;
      const wanted = { accountId, debits, credits, reason, expectedVersion: ifVersion };
      await sendCommand(context, options, {
        send: (operationId) =>
          context
            .connect()
            .freezeAccount({ ...wanted, operationId, validateOnly: dryRun }, context.calls),
        json: jsonOf('bank.v1.FreezeAccountResponse', FreezeAccountResponse),
        receipts: ({ receipt }) => [receipt],
      });
    });
}

type UnfreezeOptions = SendOptions & { readonly reason: string };

function addUnfreeze(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('unfreeze')
    .description('Lets debits and credits flow again.')
    .argument('<account>', 'which', uuidArgument)
    .requiredOption('--reason <text>', 'why', textArgument);
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank unfreeze ${ID} --reason "card found"`)
    .action(async (accountId: string, options: UnfreezeOptions, command: Command) => {
      const context = contextOf(command);
      const { reason, ifVersion = 0n, dryRun = false } = options;
      const wanted = { accountId, reason, expectedVersion: ifVersion };
      await sendCommand(context, options, {
        send: (operationId) =>
          context
            .connect()
            .unfreezeAccount({ ...wanted, operationId, validateOnly: dryRun }, context.calls),
        json: jsonOf('bank.v1.UnfreezeAccountResponse', UnfreezeAccountResponse),
        receipts: ({ receipt }) => [receipt],
      });
    });
}

function addOverdraft(program: Command, contextOf: ContextOf): void {
  const command = program
    .command('overdraft')
    .description('Sets how far below zero an account may be drawn.')
    .argument('<account>', 'which', uuidArgument)
    .argument('<limit>', '0 or more, as 100.00 EUR')
    .argument('[currency]', 'where it is an argument of its own');
  addSendOptions(command)
    .addHelpText('after', `\nExample:\n  $ bank overdraft ${ID} 100.00 EUR`)
    .action(
      async (
        accountId: string,
        amount: string,
        currency: string | undefined,
        options: SendOptions,
        command: Command,
      ) => {
        const context = contextOf(command);
        const { ifVersion = 0n, dryRun = false } = options;
        const overdraftLimit = amountArgument('limit', [amount, currency], { zeroAllowed: true });
        const wanted = { accountId, overdraftLimit, expectedVersion: ifVersion };
        await sendCommand(context, options, {
          send: (operationId) =>
            context
              .connect()
              .setOverdraftLimit({ ...wanted, operationId, validateOnly: dryRun }, context.calls),
          json: jsonOf('bank.v1.SetOverdraftLimitResponse', SetOverdraftLimitResponse),
          receipts: ({ receipt }) => [receipt],
        });
      },
    );
}
