/**
 * npm run ops -- COMMAND: looks at a running bank, at the addresses given or at the local one's,
 * and after its stores. What `status` or `verify` found is its exit code; any other ends with 0, or
 * 3 when it could not be done.
 */
import { Command } from 'commander';
import { channelTarget } from '#client/bank-client.ts';
import { askStatus, type Addresses } from '#client/cli/ask-status.ts';
import { STATUS_EXIT_CODES, statusJson, statusLines } from '#client/cli/status-report.ts';
import { errorText } from '../error-text.ts';
import { toolAccess } from '../tool-access.ts';
import { addArchiveCommands } from './archive-commands.ts';
import { addAuditCommand } from './audit-command.ts';
import { addBackupCommands } from './backup-commands.ts';
import { addKeyCommands } from './key-commands.ts';
import { addVerifyCommand } from './verify-command.ts';

const STATUS = `Shows the services, the pipeline from the log to the projection, and the projection,
on one screen. Exit code: 0 all is well, 1 a warning, 2 something fails, 3 something cannot be
asked.`;

type StatusOptions = Addresses & { readonly json: boolean };

const program = new Command('npm run ops --')
  .description('Looks at a running bank, and after its stores.')
  // Lines are broken by the terminal's width, not by the code's.
  .configureHelp({
    commandDescription: (command) => command.description().replaceAll('\n', ' '),
    subcommandDescription: (command) => command.description().replaceAll('\n', ' '),
  })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : STATUS_EXIT_CODES.unknown));
program
  .command('status')
  .description(STATUS)
  .option('--command <host:port...>', 'every command-svc to ask', ['127.0.0.1:50051'])
  .option('--query <host:port...>', 'every query-svc to ask', ['127.0.0.1:50052'])
  .option('--projector <host:port...>', 'every projector-svc to ask', ['127.0.0.1:50053'])
  .option('--json', 'the same and more, for programs', false)
  .action(showStatus);

async function showStatus({ json, ...addresses }: StatusOptions): Promise<void> {
  for (const address of Object.values(addresses).flat()) checkAddress(address);
  const status = await askStatus(addresses, toolAccess(Object.values(addresses).flat()));
  const text = json ? JSON.stringify(statusJson(status), null, 2) : statusLines(status).join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = STATUS_EXIT_CODES[status.state];
}

function checkAddress(address: string): void {
  if (/^.+:\d{1,5}$/.test(address)) channelTarget([address]);
  else throw new Error(`${address}: must be host:port`);
}

addArchiveCommands(program);
addAuditCommand(program);
addBackupCommands(program);
addVerifyCommand(program);
addKeyCommands(program);
program.parseAsync().catch((error: unknown) => {
  console.error(errorText(error));
  process.exitCode = STATUS_EXIT_CODES.unknown;
});
