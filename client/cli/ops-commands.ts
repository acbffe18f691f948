/** `bank ops`: what an operator asks of a running bank, and does to its read side. */
import {
  DeadLetter,
  RetryDeadLettersResponse,
  type RetryDeadLettersRequest,
} from '#proto/bank/v1/projector_service.ts';
import type { Command } from 'commander';
import { listWriter, writeAnswer, writeText, type Columns } from './answer-writer.ts';
import { limitArgument, uuidArgument } from './argument-rules.ts';
import { askStatus } from './ask-status.ts';
import { addCheckCommands } from './check-commands.ts';
import { CommandError, EXIT_CODES } from './command-context.ts';
import { jsonOf } from './contract-json.ts';
import { followPages, LIMIT_DEFAULT, noteMore } from './followed-pages.ts';
import type { ContextOf } from './program-context.ts';
import { addRebuildCommands } from './rebuild-commands.ts';
import { exactTime, shownTime } from './shown-values.ts';
import { STATUS_EXIT_CODES, statusJson, statusLines } from './status-report.ts';

export function addOpsCommands(program: Command, contextOf: ContextOf): void {
  const ops = program.command('ops').description('For operators: how it stands, and repair.');
  addStatus(ops, contextOf);
  addDeadLetters(ops, contextOf);
  addRetry(ops, contextOf);
  addCheckCommands(ops, contextOf);
  addRebuildCommands(ops, contextOf);
}

function addStatus(ops: Command, contextOf: ContextOf): void {
  ops
    .command('status')
    .description(
      'Shows the services, the pipeline and the projection, once. Exit code: 0 all is well, ' +
        '1 a warning, 2 something fails, 3 something cannot be asked.',
    )
    .addHelpText('after', '\nExample:\n  $ bank ops status --output json')
    .action(async (_: unknown, command: Command) => {
      const context = contextOf(command);
      const status = await askStatus(context.settings.addresses, context.access());
      const { output } = context;
      const isJson = output === 'json' || output === 'ndjson';
      const text = isJson
        ? JSON.stringify(statusJson(status), null, output === 'json' ? 2 : undefined)
        : statusLines(status).join('\n');
      await writeText(context, `${text}\n`);
      if (status.state !== 'ok') throw new CommandError('', STATUS_EXIT_CODES[status.state]);
    });
}

type LetterOptions = { readonly cause?: string; readonly limit: number };

function addDeadLetters(ops: Command, contextOf: ContextOf): void {
  ops
    .command('dead-letters')
    .description('Lists the records that could not be applied.')
    .option('--cause <CAUSE>', 'only of this cause, as UNDECODABLE')
    .option('--limit <n>', 'how many at most', limitArgument, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ bank ops dead-letters --cause UNDECODABLE')
    .action(async ({ cause = '', limit }: LetterOptions, command: Command) => {
      const context = contextOf(command);
      const json = jsonOf('bank.v1.DeadLetter', DeadLetter);
      const writer = listWriter(context, LETTERS, json, (deadLetters) => ({ deadLetters }));
      const page = async (pageToken: string, pageSize: number) => {
        const wanted = { cause, pageToken, pageSize };
        const answer = await context.connect().listDeadLetters(wanted, context.calls);
        return { items: answer.deadLetters, nextPageToken: answer.nextPageToken };
      };
      const isMore = await followPages(page, limit, writer.write);
      await writer.end();
      noteMore(context, isMore, limit);
    });
}

type RetryOptions = { readonly cause?: string; readonly all?: true };

function addRetry(ops: Command, contextOf: ContextOf): void {
  ops
    .command('retry')
    .description('Applies dead letters again: one, all of a cause, or all.')
    .argument('[dead-letter]', 'the id of one', uuidArgument)
    .option('--cause <CAUSE>', 'all of this cause')
    .option('--all', 'all')
    .addHelpText('after', '\nExample:\n  $ bank ops retry --all')
    .action(async (id: string | undefined, options: RetryOptions, command: Command) => {
      const context = contextOf(command);
      const selection = selectionOf(id, options);
      const answer = await context.connect().retryDeadLetters({ selection }, context.calls);
      await writeAnswer(context, {
        json: jsonOf('bank.v1.RetryDeadLettersResponse', RetryDeadLettersResponse)(answer),
        rows: [answer],
        columns: RETRIED,
      });
      if (answer.failed > 0n) {
        const next = 'next: `bank ops dead-letters` shows them with their new cause';
        throw new CommandError(`${answer.failed} have failed again\n${next}`, EXIT_CODES.refused);
      }
    });
}

function selectionOf(
  id: string | undefined,
  { cause, all }: RetryOptions,
): NonNullable<RetryDeadLettersRequest['selection']> {
  const given = [id, cause, all].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CommandError('Which ones: give the id of a dead letter, or --cause, or --all.');
  }
  if (id !== undefined) return { $case: 'deadLetterId', value: id };
  return cause === undefined ? { $case: 'all', value: true } : { $case: 'cause', value: cause };
}

const RETRIED: Columns<RetryDeadLettersResponse> = {
  table: [
    { title: 'applied', value: ({ applied }) => String(applied) },
    { title: 'failed', value: ({ failed }) => String(failed) },
    {
      title: 'first',
      value: ({ firstFailed: [first] }) => (first ? `${first.cause}: ${first.message}` : ''),
    },
  ],
  csv: [
    { title: 'applied', value: ({ applied }) => String(applied) },
    { title: 'failed', value: ({ failed }) => String(failed) },
  ],
};

const LETTERS: Columns<DeadLetter> = {
  table: [
    { title: 'DEAD LETTER', value: ({ deadLetterId }) => deadLetterId },
    { title: 'PARTITION', value: ({ partition }) => String(partition), align: 'right' },
    { title: 'POSITION', value: ({ seq }) => String(seq), align: 'right' },
    { title: 'CAUSE', value: ({ cause }) => cause },
    { title: 'FOUND', value: ({ foundAt }) => shownTime(foundAt) },
    { title: 'RETRIES', value: ({ retries }) => String(retries), align: 'right' },
    { title: 'WAITING', value: ({ parkedAccounts }) => String(parkedAccounts), align: 'right' },
    { title: 'MESSAGE', value: ({ message }) => message, mayShrink: true },
  ],
  csv: [
    { title: 'dead_letter_id', value: ({ deadLetterId }) => deadLetterId },
    { title: 'partition', value: ({ partition }) => String(partition) },
    { title: 'seq', value: ({ seq }) => String(seq) },
    { title: 'cause', value: ({ cause }) => cause },
    { title: 'found_at', value: ({ foundAt }) => exactTime(foundAt) },
    { title: 'retries', value: ({ retries }) => String(retries) },
    { title: 'parked_accounts', value: ({ parkedAccounts }) => String(parkedAccounts) },
    { title: 'message', value: ({ message }) => message },
  ],
};
