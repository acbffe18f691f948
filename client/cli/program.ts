/**
 * The program `bank`: all commands with their options, and one run of a command line. Promises: the
 * bank's connections are closed when it ends, errors are lines on stderr, and the answer is the
 * exit code.
 */
import { Command, Help, type Option } from 'commander';
import { CLIENT_VERSION } from '../version.ts';
import { addAccountCommands } from './account-commands.ts';
import { addBulkCommand } from './bulk-command.ts';
import { addCompletionCommand } from './completion-command.ts';
import { EXIT_CODES, type ExitCode } from './command-context.ts';
import { addContextCommands } from './context-commands.ts';
import { addEntryCommands } from './entry-commands.ts';
import { errorReport } from './error-report.ts';
import { addFeedCommands } from './feed-commands.ts';
import { addGlobalOptions, globalOptions } from './global-options.ts';
import { addHoldCommands } from './hold-commands.ts';
import { addModeCommands } from './mode-commands.ts';
import { addMoneyCommands } from './money-commands.ts';
import { addOpsCommands } from './ops-commands.ts';
import { contextSource, type ContextOf, type Surroundings } from './program-context.ts';
import { addQueryCommands } from './query-commands.ts';
import { addStatusCommand } from './status-command.ts';
import { addSubmissionCommand } from './submission-command.ts';

const ABOUT = `Accounts and money of a bank, from the command line.

Amounts are typed as 12.50 EUR, ids are UUIDs, times are days or ISO 8601 with their zone.
Without a context or an address it talks to the bank of this machine (npm start).`;

const EXAMPLES = `
Examples:
  $ bank open EUR --owner Ada
  $ bank deposit 5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40 12.50 EUR --wait
  $ bank get 5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40
  $ bank context set prod --command-address bank.example:50051 --ca-file ca.pem

Exit codes: 0 done, 1 refused, 2 the command line is wrong, 3 some items were refused,
4 the bank cannot be reached or did not answer in time, 130 by Ctrl-C.`;

export async function runBank(
  commandLine: readonly string[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const source = contextSource(commandLine, surroundings);
  const program = bankProgram(source.contextOf, surroundings);
  let running: Command = program;
  program.hook('preAction', (_, command) => void (running = command));
  try {
    await program.parseAsync(commandLine, { from: 'user' });
    return EXIT_CODES.done;
  } catch (error) {
    const { verbose } = globalOptions(running);
    const cause = surroundings.signal.aborted ? abortOf(surroundings, error) : error;
    const report = errorReport(cause, { addresses: source.addresses(), verbose });
    for (const line of report.lines) surroundings.stderr.write(`${line}\n`);
    return report.exitCode;
  } finally {
    source.close();
  }
}

/** All commands; `contextOf` is asked when one of them runs. */
export function bankProgram(contextOf: ContextOf, surroundings: Surroundings): Command {
  const program = new Command('bank')
    .description(ABOUT)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void surroundings.stdout.write(text),
      writeErr: (text) => void surroundings.stderr.write(text.replace(/^error: /, 'bank: ')),
      getOutHelpWidth: () => surroundings.stdout.columns ?? HELP_COLUMNS,
    })
    .configureHelp({ showGlobalOptions: true, optionDescription })
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES);
  addGlobalOptions(program);
  addAccountCommands(program, contextOf);
  addMoneyCommands(program, contextOf);
  addHoldCommands(program, contextOf);
  addQueryCommands(program, contextOf);
  addEntryCommands(program, contextOf);
  addFeedCommands(program, contextOf);
  addBulkCommand(program, contextOf);
  addSubmissionCommand(program, contextOf);
  addModeCommands(program, contextOf);
  addStatusCommand(program, contextOf);
  addOpsCommands(program, contextOf);
  addContextCommands(program, surroundings);
  addCompletionCommand(program, surroundings);
  program
    .command('version')
    .description('Tells the version of this client, and what it runs on.')
    .addHelpText('after', '\nExample:\n  $ bank version')
    .action(() => {
      const text = `bank ${CLIENT_VERSION}, contract bank.v1, Node.js ${process.versions.node}\n`;
      surroundings.stdout.write(text);
    });
  return program;
}

const HELP_COLUMNS = 100;

/** Without a default that says only that the option was not given. */
function optionDescription(option: Option): string {
  const value: unknown = option.defaultValue;
  const isNone = value === false || (Array.isArray(value) && value.length === 0);
  return isNone ? option.description : new Help().optionDescription(option);
}

/** What ended the command, where that was Ctrl-C or the end of its reader. */
function abortOf({ signal }: Surroundings, error: unknown): unknown {
  const reason: unknown = signal.reason;
  return error instanceof Error && 'exitCode' in error ? error : reason;
}
