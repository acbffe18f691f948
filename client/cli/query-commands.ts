/** `bank get|list|balance`: accounts as the read side shows them. */
import { Account, AccountStatus } from '#proto/bank/v1/account.ts';
import {
  GetAccountResponse,
  GetBalanceAtResponse,
  type ListAccountsRequest,
} from '#proto/bank/v1/account_query_service.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import { Option, type Command } from 'commander';
import { ACCOUNT, ACCOUNTS } from './account-columns.ts';
import { listWriter, writeAnswer, type Columns } from './answer-writer.ts';
import {
  currencyArgument,
  labelsArgument,
  limitArgument,
  timeArgument,
  uuidArgument,
  versionArgument,
} from './argument-rules.ts';
import { jsonOf } from './contract-json.ts';
import { EXAMPLE_ACCOUNT as ID } from './examples.ts';
import { followPages, LIMIT_DEFAULT, noteMore } from './followed-pages.ts';
import type { ContextOf } from './program-context.ts';
import { exactTime, minorUnits, shownMoney, shownTime } from './shown-values.ts';

const STATUSES = {
  open: AccountStatus.ACCOUNT_STATUS_OPEN,
  closed: AccountStatus.ACCOUNT_STATUS_CLOSED,
} as const;

export function addQueryCommands(program: Command, contextOf: ContextOf): void {
  addGet(program, contextOf);
  addList(program, contextOf);
  addBalance(program, contextOf);
}

function addGet(program: Command, contextOf: ContextOf): void {
  program
    .command('get')
    .description('Shows an account.')
    .argument('<account>', 'which', uuidArgument)
    .option('--min-version <n>', 'waits until queries have this version', versionArgument)
    .addHelpText('after', `\nExample:\n  $ bank get ${ID} --output json`)
    .action(async (accountId: string, options: { minVersion?: bigint }, command: Command) => {
      const context = contextOf(command);
      const { minVersion = 0n } = options;
      const answer = await context.connect().getAccount({ accountId, minVersion }, context.calls);
      await writeAnswer(context, {
        json: jsonOf('bank.v1.GetAccountResponse', GetAccountResponse)(answer),
        rows: answer.account === undefined ? [] : [answer.account],
        columns: ACCOUNT,
      });
    });
}

type ListOptions = {
  readonly owner?: string;
  readonly currency?: string;
  readonly status?: keyof typeof STATUSES;
  readonly label?: Record<string, string>;
  readonly limit: number;
};

function addList(program: Command, contextOf: ContextOf): void {
  program
    .command('list')
    .description('Lists accounts, by their ids. Filters are met all at once.')
    .option('--owner <name>', 'only of this owner, exactly as the accounts name it')
    .option('--currency <code>', 'only of this currency', currencyArgument)
    .addOption(
      new Option('--status <status>', 'only of this status').choices(Object.keys(STATUSES)),
    )
    .option('--label <key=value>', 'only with this label; repeatable', labelsArgument)
    .option('--limit <n>', 'how many at most', limitArgument, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ bank list --owner Ada --status open --output csv')
    .action(async (options: ListOptions, command: Command) => {
      const context = contextOf(command);
      const json = jsonOf('bank.v1.Account', Account);
      const writer = listWriter(context, ACCOUNTS, json, (accounts) => ({ accounts }));
      const { owner = '', currency = '', label: labels = {}, status, limit } = options;
      const filter: Partial<ListAccountsRequest> = {
        owner,
        currencyCode: currency,
        labels,
        ...(status === undefined ? {} : { status: STATUSES[status] }),
      };
      const page = async (pageToken: string, pageSize: number) => {
        const wanted = { ...filter, pageToken, pageSize };
        const answer = await context.connect().listAccounts(wanted, context.calls);
        return { items: answer.accounts, nextPageToken: answer.nextPageToken };
      };
      const isMore = await followPages(page, limit, writer.write);
      await writer.end();
      noteMore(context, isMore, limit);
    });
}

type BalanceOptions = {
  readonly at?: Timestamp;
  readonly version?: bigint;
  readonly minVersion?: bigint;
};
/** Later than anything that is recorded: the newest. */
const NEWEST: Timestamp = { seconds: 253_402_300_799n, nanos: 0 };

function addBalance(program: Command, contextOf: ContextOf): void {
  program
    .command('balance')
    .description('Shows the balance, as it is or as it was.')
    .argument('<account>', 'which', uuidArgument)
    .option('--at <time>', 'after all that was recorded at this time or before', timeArgument)
    .addOption(
      new Option('--version <n>', 'after this version').argParser(versionArgument).conflicts('at'),
    )
    .option('--min-version <n>', 'waits until queries have this version', versionArgument)
    .addHelpText('after', `\nExample:\n  $ bank balance ${ID} --at 2026-06-30T22:00:00Z`)
    .action(async (accountId: string, options: BalanceOptions, command: Command) => {
      const context = contextOf(command);
      const { at = NEWEST, version, minVersion = 0n } = options;
      const place =
        version === undefined
          ? { $case: 'time' as const, value: at }
          : { $case: 'version' as const, value: version };
      const wanted = { accountId, at: place, minVersion };
      const answer = await context.connect().getBalanceAt(wanted, context.calls);
      await writeAnswer(context, {
        json: jsonOf('bank.v1.GetBalanceAtResponse', GetBalanceAtResponse)(answer),
        rows: [answer],
        columns: BALANCE,
      });
    });
}

const BALANCE: Columns<GetBalanceAtResponse> = {
  table: [
    { title: 'balance', value: ({ balance }) => shownMoney(balance) },
    { title: 'version', value: ({ version }) => String(version) },
    { title: 'recorded', value: ({ recordedAt }) => shownTime(recordedAt) },
  ],
  csv: [
    { title: 'balance_minor', value: ({ balance }) => minorUnits(balance) },
    { title: 'currency', value: ({ balance }) => balance?.currencyCode ?? '' },
    { title: 'version', value: ({ version }) => String(version) },
    { title: 'recorded_at', value: ({ recordedAt }) => exactTime(recordedAt) },
  ],
};
