/**
 * npm run ops -- COMMAND: looks at a running bank, at the addresses given or at the local one's,
 * and after its stores. What `status` or `verify` found is its exit code; any other ends with 0, or
 * 3 when it could not be done.
 */
import { Command } from 'commander';
import { askStatus, type Addresses, type Service } from '#client/cli/ask-status.ts';
import { STATUS_EXIT_CODES, statusJson, statusLines } from '#client/cli/status-report.ts';
import { collectAddresses } from '../address-option.ts';
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

const LOCAL: Addresses = {
  command: ['127.0.0.1:50051'],
  query: ['127.0.0.1:50052'],
  projector: ['127.0.0.1:50053'],
};

type StatusOptions = Partial<Addresses> & { readonly json: boolean };

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
  .option('--command <host:port...>', every('command'), collectAddresses)
  .option('--query <host:port...>', every('query'), collectAddresses)
  .option('--projector <host:port...>', every('projector'), collectAddresses)
  .option('--json', 'the same and more, for programs', false)
  .action(showStatus);

async function showStatus({ json, ...given }: StatusOptions): Promise<void> {
  const addresses = { ...LOCAL, ...given };
  const status = await askStatus(addresses, toolAccess(Object.values(addresses).flat()));
  const text = json ? JSON.stringify(statusJson(status), null, 2) : statusLines(status).join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = STATUS_EXIT_CODES[status.state];
}

function every(service: Service): string {
  return `every ${service}-svc to ask (${LOCAL[service].join(',')})`;
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
