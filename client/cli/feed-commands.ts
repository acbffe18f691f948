/** `bank watch|events`: what happens, as it happens. JSON is written a value a line here. */
import { EventType, eventTypeToJSON } from '#proto/bank/event/v1/events.ts';
import { WatchAccountResponse } from '#proto/bank/v1/account_query_service.ts';
import { AccountEvent, SubscribeToEventsResponse } from '#proto/bank/v1/event_log_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { InvalidArgumentError, type Command } from 'commander';
import { listWriter, type Columns } from './answer-writer.ts';
import {
  limitArgument,
  partitionsArgument,
  textsArgument,
  uuidArgument,
  versionArgument,
} from './argument-rules.ts';
import { CommandError } from './command-context.ts';
import { jsonOf } from './contract-json.ts';
import { ENTRIES } from './entry-columns.ts';
import { EXAMPLE_ACCOUNT as ID } from './examples.ts';
import { followed } from './followed-stream.ts';
import type { BankContext, ContextOf } from './program-context.ts';
import { exactTime, shownMoney, shownName, shownTime } from './shown-values.ts';

const EVENT_TYPE_PREFIX = 'EVENT_TYPE_';
/** Written at once, so that their columns stand in line. */
const CHUNK_EVENTS = 500;

export function addFeedCommands(program: Command, contextOf: ContextOf): void {
  addWatch(program, contextOf);
  addEvents(program, contextOf);
}

/** A stream has no one JSON value: each message is a line. */
function lineByLine(context: BankContext): BankContext {
  return context.output === 'json' ? { ...context, output: 'ndjson' } : context;
}

type WatchOptions = {
  readonly resumeToken?: string;
  readonly conflate?: true;
  readonly minVersion?: bigint;
  readonly limit?: number;
};

function addWatch(program: Command, contextOf: ContextOf): void {
  program
    .command('watch')
    .description('Shows an account as it is, then every change, until Ctrl-C.')
    .argument('<account>', 'which', uuidArgument)
    .option('--resume-token <token>', 'goes on behind the message that had it')
    .option('--conflate', 'changes that come faster than they are read may be joined')
    .option('--min-version <n>', 'waits until queries have this version', versionArgument)
    .option('--limit <n>', 'ends after so many entries', limitArgument)
    .addHelpText('after', `\nExample:\n  $ bank watch ${ID}`)
    .action(async (accountId: string, options: WatchOptions, command: Command) => {
      const context = lineByLine(contextOf(command));
      const { resumeToken = '', conflate = false, minVersion = 0n, limit } = options;
      const bank = context.connect();
      const messages = followed(context, (follow) =>
        bank.watchAccount(accountId, { ...follow, resumeToken, conflate, minVersion }),
      );
      await writeChanges(context, messages, limit);
    });
}

async function writeChanges(
  context: BankContext,
  messages: AsyncIterable<WatchAccountResponse>,
  limit: number | undefined,
): Promise<void> {
  const json = jsonOf('bank.v1.WatchAccountResponse', WatchAccountResponse);
  const whole = listWriter(context, NO_COLUMNS, json, (all) => all);
  const lines = listWriter(
    context,
    ENTRIES,
    () => null,
    (all) => all,
  );
  let left = limit ?? Number.POSITIVE_INFINITY;
  for await (const message of messages) {
    const { account, entries } = message;
    if (context.output === 'ndjson') await whole.write([message]);
    else if (entries.length > 0) await lines.write(entries);
    else if (account !== undefined) {
      context.say(`balance ${shownMoney(account.balance)}, version ${account.asOfVersion}`);
    }
    left -= entries.length;
    if (left <= 0) return;
  }
}

const NO_COLUMNS: Columns<WatchAccountResponse> = { table: [], csv: [] };

const TYPES = new Map(
  Object.values(EventType)
    .filter((type) => type > 0)
    .map((type) => [eventTypeToJSON(type).replace(EVENT_TYPE_PREFIX, '').toLowerCase(), type]),
);

function typesArgument(text: string, before: readonly EventType[] = []): EventType[] {
  const type = TYPES.get(text.replace(EVENT_TYPE_PREFIX, '').toLowerCase());
  if (type !== undefined) return [...before, type];
  throw new InvalidArgumentError(`It must be one of ${[...TYPES.keys()].join(', ')}.`);
}

type EventOptions = {
  readonly follow?: true;
  readonly fromNow?: true;
  readonly resumeToken?: string;
  readonly fromVersion?: bigint;
  readonly type: EventType[];
  readonly owner: string[];
  readonly partition: number[];
  readonly limit?: number;
};

function addEvents(program: Command, contextOf: ContextOf): void {
  program
    .command('events')
    .description('Shows the events of one account, or of all: the history, and with --follow on.')
    .argument('[account]', 'which; all if not given', uuidArgument)
    .option('--follow', 'does not end with what is stored, but by Ctrl-C; of all accounts')
    .option('--from-now', 'only what is stored from now on; of all accounts')
    .option('--resume-token <token>', 'goes on behind the message that had it; of all accounts')
    .option('--from-version <n>', 'this version and later ones; of one account', versionArgument)
    .option('--type <type>', 'only of this type; of all accounts; repeatable', typesArgument, [])
    .option('--owner <name>', 'only of this owner; of all accounts; repeatable', textsArgument, [])
    .option('--partition <n>', 'only of this partition; repeatable', partitionsArgument, [])
    .option('--limit <n>', 'ends after so many events, or with their message', limitArgument)
    .addHelpText(
      'after',
      `\nExamples:\n  $ bank events ${ID}\n  $ bank events --follow --output ndjson | jq .events[]`,
    )
    .action(async (accountId: string | undefined, options: EventOptions, command: Command) => {
      const context = lineByLine(contextOf(command));
      if (accountId === undefined) return await writeFeed(context, options);
      const wrong = (['follow', 'fromNow', 'resumeToken'] as const).find((key) => options[key]);
      if (wrong !== undefined) {
        const flag = wrong.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        throw new CommandError(
          `--${flag} is of all accounts: \`bank watch ${accountId}\` follows one.`,
        );
      }
      await writeEvents(context, accountId, options);
    });
}

async function writeEvents(
  context: BankContext,
  accountId: string,
  { fromVersion = 1n, limit = Number.POSITIVE_INFINITY }: EventOptions,
): Promise<void> {
  const json = jsonOf('bank.v1.AccountEvent', AccountEvent);
  const writer = listWriter(context, EVENTS, json, (all) => all);
  const bank = context.connect();
  const events = followed(context, (follow) =>
    bank.readAccountEvents(accountId, { ...follow, fromVersion }),
  );
  let chunk: AccountEvent[] = [];
  let left = limit;
  for await (const event of events) {
    chunk.push(event);
    left -= 1;
    if (chunk.length === CHUNK_EVENTS || left <= 0) {
      await writer.write(chunk);
      chunk = [];
    }
    if (left <= 0) break;
  }
  if (chunk.length > 0) await writer.write(chunk);
  await writer.end();
}

async function writeFeed(context: BankContext, options: EventOptions): Promise<void> {
  const json = jsonOf('bank.v1.SubscribeToEventsResponse', SubscribeToEventsResponse);
  const whole = listWriter(context, NO_FEED_COLUMNS, json, (all) => all);
  const lines = listWriter(
    context,
    FEED,
    () => null,
    (all) => all,
  );
  const bank = context.connect();
  const { follow: forEver = false, fromNow = false, resumeToken = '' } = options;
  const { type: types, owner: owners, partition: partitions } = options;
  const filter = { types, owners, partitions };
  const messages = followed(context, (follow) =>
    bank.subscribeToEvents({ ...follow, fromNow, resumeToken, filter }),
  );
  let token = resumeToken;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  try {
    for await (const message of messages) {
      if (context.output === 'ndjson') await whole.write([message]);
      else if (message.events.length > 0) await lines.write(message.events);
      token = message.resumeToken;
      left -= message.events.length;
      const isLevel = message.state === FeedState.FEED_STATE_CAUGHT_UP;
      if (left <= 0 || (isLevel && !forEver)) break;
    }
  } finally {
    if (token !== '') context.say(`to go on from here: --resume-token ${token}`);
  }
}

const NO_FEED_COLUMNS: Columns<SubscribeToEventsResponse> = { table: [], csv: [] };

const EVENTS: Columns<AccountEvent> = {
  table: [
    { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
    { title: 'RECORDED', value: ({ recordedAt }) => shownTime(recordedAt) },
    { title: 'TYPE', value: ({ type }) => shownName(eventTypeToJSON(type), EVENT_TYPE_PREFIX) },
    { title: 'OPERATION', value: ({ operationId }) => operationId },
    { title: 'HASH', value: ({ hash }) => Buffer.from(hash).toString('hex').slice(0, 16) },
  ],
  csv: eventCsv(),
};

const FEED: Columns<AccountEvent> = {
  table: [
    { title: 'ACCOUNT', value: ({ accountId }) => accountId },
    { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
    { title: 'RECORDED', value: ({ recordedAt }) => shownTime(recordedAt) },
    { title: 'TYPE', value: ({ type }) => shownName(eventTypeToJSON(type), EVENT_TYPE_PREFIX) },
    { title: 'SUBMISSION', value: ({ submissionId }) => submissionId, mayShrink: true },
  ],
  csv: eventCsv(),
};

function eventCsv(): Columns<AccountEvent>['csv'] {
  return [
    { title: 'account_id', value: ({ accountId }) => accountId },
    { title: 'version', value: ({ version }) => String(version) },
    { title: 'type', value: ({ type }) => eventTypeToJSON(type) },
    { title: 'recorded_at', value: ({ recordedAt }) => exactTime(recordedAt) },
    { title: 'operation_id', value: ({ operationId }) => operationId },
    { title: 'submission_id', value: ({ submissionId }) => submissionId },
    { title: 'item_index', value: ({ itemIndex }) => (itemIndex ?? '').toString() },
    { title: 'hash', value: ({ hash }) => Buffer.from(hash).toString('hex') },
  ];
}
