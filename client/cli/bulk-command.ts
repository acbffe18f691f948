/**
 * `bank bulk FILE`: a file of deposits or accounts, sent to its end, with a report, a rejects file
 * and an exit code by outcome. Sent again after whatever has ended it, it goes on.
 */
import { Option, type Command } from 'commander';
import { ItemsDifferError, ItemsMissingError } from '../upload-parts.ts';
import { grouped } from './amounts.ts';
import { dryRun } from './bulk-dry-run.ts';
import { BULK_HELP } from './bulk-help.ts';
import { BULK_KINDS } from './bulk-items.ts';
import { BULK_FORMATS } from './bulk-layout.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import { controlTotalsOf, parseBulkOptions, type BulkOptions } from './bulk-options.ts';
import { planBulk } from './bulk-plan.ts';
import { sendBulk } from './bulk-send.ts';
import { CommandError, EXIT_CODES, type CommandContext } from './command-context.ts';

export function addBulkCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  const { streams, giveUpAfterMs } = BULK_LIMITS;
  program
    .command('bulk')
    .description('Sends a file of deposits or of accounts to open, of any size.')
    .argument('<file>', 'CSV or NDJSON, plain, gzip or zstd; - for a pipe')
    .addOption(
      new Option('--kind <kind>', 'what its lines are').choices(BULK_KINDS).default('deposits'),
    )
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices(BULK_FORMATS),
    )
    .option('--map <field=column,...>', 'columns under other names; repeatable', collect, [])
    .option('--currency <code>', 'of amounts that name none')
    .option('--decimal-comma', 'amounts are 1.234,50 rather than 1234.50', false)
    .option('--delimiter <character>', 'between the columns of CSV; or tab', ',')
    .option('--encoding <name>', 'of the text, as windows-1252', 'utf-8')
    .option('--submission <id>', 'default: of the name of the file and its content')
    .option('--rejects <file>', 'lines that were refused; default: FILE.rejects.csv')
    .option('--expect-items <n>', 'closed only when the items are so many')
    .option('--expect-total <amount>', 'closed only with this sum; repeatable', collect, [])
    .option('--concurrency <n>', 'streams side by side', String(streams))
    .option('--give-up-after <time>', 'without progress', `${giveUpAfterMs / 60_000}m`)
    .option('--no-wait', 'end when all is stored, before all can be read')
    .option('--dry-run', 'show what would become of each line; nothing is stored', false)
    .option('--quiet', 'no progress', false)
    .addHelpText('after', BULK_HELP)
    .action(async (file: string, given: unknown, command: Command) => {
      await bulk(file, parseBulkOptions(given), contextOf(command));
    });
}

async function bulk(path: string, options: BulkOptions, context: CommandContext): Promise<void> {
  const controlTotals = controlTotalsOf(options);
  const plan = await planBulk(path, options, context);
  try {
    if (options.dryRun) {
      const { refused } = await dryRun(context.connect(), plan, context);
      if (refused > 0)
        throw new CommandError(`${grouped(refused)} would be refused`, EXIT_CODES.someRefused);
      return;
    }
    await sendBulk(path, plan, { ...options, controlTotals }, context);
  } catch (error) {
    throw sourceError(error);
  } finally {
    await plan.close();
  }
}

/** The file is not the one that the submission was begun with. */
function sourceError(error: unknown): unknown {
  if (!(error instanceof ItemsDifferError) && !(error instanceof ItemsMissingError)) return error;
  const message = `${error.message} A file that was changed takes a --submission of its own.`;
  return new CommandError(message, EXIT_CODES.refused, error);
}
