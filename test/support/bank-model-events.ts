/**
 * The end of a run: the events of every account, as ReadAccountEvents tells them, are what the
 * model has written down, version by version, and the state that each of them carries is what they
 * add up to.
 */
import { microsFromTimestamp } from '#platform/timestamps.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import type { Event } from '#proto/bank/event/v1/events.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import { ReadAccountEventsRequest, type AccountEvent } from '#proto/bank/v1/event_log_service.ts';
import {
  accountIn,
  balanceOf,
  endPassed,
  heldOf,
  passedHolds,
  type Account,
  type Entry,
} from '#test/support/bank-model.ts';
import { FoldedAccount } from '#test/support/bank-model-folded.ts';
import { ACCOUNTS, type Names } from '#test/support/bank-model-names.ts';
import { compare, type Run } from '#test/support/bank-model-transcript.ts';
import type { CommandReplica } from '#test/support/command-replicas.ts';
import { readStream } from '#test/support/feed-client.ts';

export async function compareEvents(run: Run, { eventLog }: CommandReplica): Promise<void> {
  for (let number = 0; number < ACCOUNTS; number++) {
    const accountId = run.names.accountId(number);
    const account = accountIn(run.bank, accountId);
    const request = ReadAccountEventsRequest.fromPartial({ accountId });
    const { ended, messages } = readStream(eventLog.readAccountEvents(request));
    const end = await ended;
    const events = messages.flatMap((message) => message.events);
    endPassed(account, endedSince(account, events));
    const said = [`ends ${end}`, ...saidLines(events, run.names)];
    const expected = [
      account.entries.length === 0 ? NOT_FOUND : 'ends 0',
      ...linesOf(account, run.names),
    ];
    compare(run, `events of a${number}`, said.join('\n         '), expected.join('\n         '));
  }
}

const NOT_FOUND = 'ends 5 ACCOUNT_NOT_FOUND';

/** Holds that have passed and whose end was written down after the last command. */
function endedSince(account: Account, events: readonly AccountEvent[]): number {
  const more = Math.max(0, events.length - account.entries.length);
  return Math.min(more, passedHolds(account).length);
}

function linesOf(account: Account, names: Names): string[] {
  const { entries, limit, noDebits, noCredits, isClosed } = account;
  if (entries.length === 0) return [];
  const lines = entries.map(({ change, ...entry }, n) =>
    lineText(n + 1, { change, ...entry }, names),
  );
  const sums = `balance ${balanceOf(account)}, held ${heldOf(account)}, limit ${limit}`;
  return [...lines, `${sums}, ${flagsText({ noDebits, noCredits, isClosed })}`];
}

function saidLines(events: readonly AccountEvent[], names: Names): string[] {
  if (events.length === 0) return [];
  const folded = new FoldedAccount();
  let recordedAt = 0n;
  const lines = events.map(({ version, type, operationId, event, recordedAt: at }) => {
    const before = recordedAt;
    recordedAt = at === undefined ? 0n : microsFromTimestamp(at);
    const body = event?.body;
    const change = folded.add(body);
    const line = lineText(Number(version), { type, change, operationId, ...linksOf(body) }, names);
    const wrong = [
      ...(recordedAt < before ? ['recorded before the one before it'] : []),
      ...folded.differences(event?.after),
    ];
    return [line, ...wrong].join(', BUT ');
  });
  const sums = `balance ${folded.balance}, held ${folded.held}, limit ${folded.limit}`;
  return [...lines, `${sums}, ${flagsText(folded)}`];
}

type Line = Omit<Entry, 'isUndone' | 'type'> & { readonly type: number };

function lineText(
  version: number,
  { type, change, operationId, pair, undoes }: Line,
  { nameOf }: Names,
): string {
  const by = operationId === '' ? '' : ` by ${nameOf(operationId)}`;
  const undone = undoes === undefined ? '' : ` undoes v${undoes}`;
  const leg = pair === undefined ? '' : ` with ${nameOf(pair.accountId)} v${pair.version}`;
  return `v${version} ${typeText(type)} ${change}${by}${undone}${leg}`;
}

function typeText(type: number): string {
  const [name = String(type)] = Object.entries(EntryType).find(([, value]) => value === type) ?? [];
  return name.replace('ENTRY_TYPE_', '');
}

type Flags = Pick<Account, 'noDebits' | 'noCredits' | 'isClosed'>;

function flagsText({ noDebits, noCredits, isClosed }: Flags): string {
  const frozen = [...(noDebits ? ['no debits'] : []), ...(noCredits ? ['no credits'] : [])];
  return [isClosed ? 'closed' : 'open', ...frozen].join(', ');
}

/** The other leg, and the version that is undone. A sweep's end names the other leg once more. */
function linksOf(body: Event['body']): Pick<Entry, 'pair' | 'undoes'> {
  const isReversal = body?.$case === 'operationReversed';
  const undoes = isReversal ? Number(body.value.reversedVersion) : undefined;
  const isLeg = isReversal || body?.$case === 'transferSent' || body?.$case === 'transferReceived';
  if (!isLeg || body.value.counterpartAccountId.length === 0) return { pair: undefined, undoes };
  const { counterpartAccountId, counterpartVersion } = body.value;
  const accountId = uuidFromBytes(counterpartAccountId);
  return { pair: { accountId, version: Number(counterpartVersion) }, undoes };
}
