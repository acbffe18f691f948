/**
 * The CLI's bulk commands as a program of their own, to be killed: the bank's addresses come from
 * the environment, the rest is the command line. Ends as the CLI does, by exit code.
 */
import { Command } from 'commander';
import { z } from 'zod';
import { BankError } from '#client/bank-error.ts';
import { addBulkCommand } from '#client/cli/bulk-command.ts';
import { CommandError, EXIT_CODES, OUTPUT_FORMATS } from '#client/cli/command-context.ts';
import { addSubmissionCommand } from '#client/cli/submission-command.ts';
import { connectBank, type Bank } from '#client/connect-bank.ts';

const { command, query, projector } = z
  .object({
    command: z.array(z.string()),
    query: z.array(z.string()),
    projector: z.array(z.string()),
  })
  .parse(JSON.parse(process.env['BANK_TEST_ADDRESSES'] ?? ''));
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
let bank: Bank | undefined;
const program = new Command('bank').option('--output <format>', 'of answers', 'table');
const contextOf = () => ({
  connect: () => (bank ??= connectBank({ command, query, projector })),
  output: z.enum(OUTPUT_FORMATS).parse(program.getOptionValue('output')),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});
addBulkCommand(program, contextOf);
addSubmissionCommand(program, contextOf);
try {
  await program.parseAsync();
} catch (error) {
  const isCommandError = error instanceof CommandError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (!isCommandError && !(error instanceof BankError)) process.stderr.write(`${String(error)}\n`);
  process.exitCode = isCommandError ? error.exitCode : EXIT_CODES.refused;
}
bank?.close();
