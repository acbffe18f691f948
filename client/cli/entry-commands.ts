/** `bank entries|statement`: what happened to an account, in lists and as a whole statement. */
import { Entry } from '#proto/bank/v1/account.ts';
import {
  ExportStatementResponse,
  ListOrder,
  type ListEntriesRequest,
} from '#proto/bank/v1/account_query_service.ts';
import { EntryType, entryTypeToJSON } from '#proto/bank/v1/entry_type.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import { InvalidArgumentError, type Command } from 'commander';
import { listWriter, type Columns } from './answer-writer.ts';
import {
  dateArgument,
  limitArgument,
  timeArgument,
  uuidArgument,
  versionArgument,
} from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import { ENTRIES, ENTRY_TYPE_PREFIX } from './entry-columns.ts';
import { EXAMPLE_ACCOUNT as ID } from './examples.ts';
import { followPages, LIMIT_DEFAULT, noteMore } from './followed-pages.ts';
import { followed } from './followed-stream.ts';
import type { BankContext, ContextOf } from './program-context.ts';
import { shownMoney } from './shown-values.ts';

export function addEntryCommands(program: Command, contextOf: ContextOf): void {
  addEntries(program, contextOf);
  addStatement(program, contextOf);
}

const TYPES = new Map(
  Object.values(EntryType)
    .filter((type) => type > 0)
    .map((type) => [entryTypeToJSON(type).replace(ENTRY_TYPE_PREFIX, '').toLowerCase(), type]),
);

function typesArgument(text: string, before: readonly EntryType[] = []): EntryType[] {
  const type = TYPES.get(text.replace(ENTRY_TYPE_PREFIX, '').toLowerCase());
  if (type !== undefined) return [...before, type];
  throw new InvalidArgumentError(`It must be one of ${[...TYPES.keys()].join(', ')}.`);
}

type EntryOptions = {
  readonly newestFirst?: true;
  readonly type?: EntryType[];
  readonly submission?: string;
  readonly from?: Timestamp;
  readonly before?: Timestamp;
  readonly fromVersion?: bigint;
  readonly beforeVersion?: bigint;
  readonly valueDateFrom?: string;
  readonly valueDateBefore?: string;
  readonly minVersion?: bigint;
  readonly limit: number;
};

function addEntries(program: Command, contextOf: ContextOf): void {
  program
    .command('entries')
    .description("Lists an account's entries, oldest first. Filters are met all at once.")
    .argument('<account>', 'which', uuidArgument)
    .option('--newest-first', 'in the other order')
    .option('--type <type>', 'only of this type, as money_deposited; repeatable', typesArgument)
    .option('--submission <id>', 'only of this submission')
    .option('--from <time>', 'recorded at this time or later', timeArgument)
    .option('--before <time>', 'recorded before this time', timeArgument)
    .option('--from-version <n>', 'this version and later ones', versionArgument)
    .option('--before-version <n>', 'versions before this one', versionArgument)
    .option('--value-date-from <day>', 'counting from this day or a later one', dateArgument)
    .option('--value-date-before <day>', 'counting from a day before this', dateArgument)
    .option('--min-version <n>', 'waits until queries have this version', versionArgument)
    .option('--limit <n>', 'how many at most', limitArgument, LIMIT_DEFAULT)
    .addHelpText('after', `\nExample:\n  $ bank entries ${ID} --newest-first --limit 10`)
    .action(async (accountId: string, options: EntryOptions, command: Command) => {
      const context = contextOf(command);
      const json = jsonOf('bank.v1.Entry', Entry);
      const writer = listWriter(context, ENTRIES, json, (entries) => ({ entries }));
      const filter = entryFilter(accountId, options);
      const page = async (pageToken: string, pageSize: number) => {
        const wanted = { ...filter, pageToken, pageSize };
        const answer = await context.connect().listEntries(wanted, context.calls);
        return { items: answer.entries, nextPageToken: answer.nextPageToken };
      };
      const isMore = await followPages(page, options.limit, writer.write);
      await writer.end();
      noteMore(context, isMore, options.limit);
    });
}

function entryFilter(accountId: string, options: EntryOptions): Partial<ListEntriesRequest> {
  const { LIST_ORDER_ASCENDING, LIST_ORDER_DESCENDING } = ListOrder;
  const { from, before } = options;
  return {
    accountId,
    order: options.newestFirst === true ? LIST_ORDER_DESCENDING : LIST_ORDER_ASCENDING,
    types: options.type ?? [],
    submissionId: options.submission ?? '',
    ...(from === undefined ? {} : { recordedFrom: from }),
    ...(before === undefined ? {} : { recordedBefore: before }),
    fromVersion: options.fromVersion ?? 0n,
    endVersion: options.beforeVersion ?? 0n,
    valueDateFrom: options.valueDateFrom ?? '',
    valueDateBefore: options.valueDateBefore ?? '',
    minVersion: options.minVersion ?? 0n,
  };
}

type StatementOptions = Pick<EntryOptions, 'from' | 'before' | 'minVersion'>;

function addStatement(program: Command, contextOf: ContextOf): void {
  program
    .command('statement')
    .description('Writes a whole statement: the opening balance, every entry, the closing balance.')
    .argument('<account>', 'which', uuidArgument)
    .option('--from <time>', 'recorded at this time or later', timeArgument)
    .option('--before <time>', 'recorded before this time', timeArgument)
    .option('--min-version <n>', 'waits until queries have this version', versionArgument)
    .addHelpText('after', `\nExample:\n  $ bank statement ${ID} --from 2026-06-01 --output csv`)
    .action(async (accountId: string, options: StatementOptions, command: Command) => {
      const { from, before, minVersion = 0n } = options;
      const context = contextOf(command);
      const wanted = {
        accountId,
        minVersion,
        ...(from === undefined ? {} : { recordedFrom: from }),
        ...(before === undefined ? {} : { recordedBefore: before }),
      };
      const bank = context.connect();
      const parts = followed(context, (follow) => bank.exportStatement(wanted, follow));
      await writeStatement(context, parts);
    });
}

/** JSON has the parts of the contract; a table and CSV the entries, with the rest on stderr. */
async function writeStatement(
  context: BankContext,
  parts: AsyncIterable<ExportStatementResponse>,
): Promise<void> {
  const { output, say } = context;
  if (output === 'json' || output === 'ndjson') {
    const json = jsonOf('bank.v1.ExportStatementResponse', ExportStatementResponse);
    const writer = listWriter(context, NO_COLUMNS, json, (all) => ({ parts: all }));
    for await (const part of parts) await writer.write([part]);
    return await writer.end();
  }
  const json = jsonOf('bank.v1.Entry', Entry);
  const writer = listWriter(context, ENTRIES, json, (entries) => ({ entries }));
  for await (const { part } of parts) {
    if (part?.$case === 'opening') say(`opening balance ${shownMoney(part.value.balance)}`);
    if (part?.$case === 'entries') await writer.write(part.value.entries);
    if (part?.$case !== 'closing') continue;
    await writer.end();
    const { balance, entryCount, credits, debits } = part.value;
    const sums = `credits ${shownMoney(credits)}, debits ${shownMoney(debits)}`;
    say(`closing balance ${shownMoney(balance)}, ${entryCount} entries, ${sums}`);
  }
}

const NO_COLUMNS: Columns<ExportStatementResponse> = { table: [], csv: [] };
