/**
 * VerifyEvents: is every event as it was written? In windows of accounts: read them from the table
 * and compute their chains > read the log and compute them again > look at what differs event by
 * event > tell. Nothing is locked, each statement is short, and what is stored meanwhile is no
 * finding. A stream that is rotated, or cut, goes on with its token behind the last whole window.
 */
import type { Pool } from 'pg';
import { isConnectionLost } from '#platform/postgres.ts';
import type {
  VerifyEventsRequest,
  VerifyEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { VerifyFindingKind } from '#proto/bank/v1/event_log_service.ts';
import { VERIFY } from './bounds.ts';
import { storeUnavailable } from './event-feed.ts';
import type { LogIdentity } from './feed-request.ts';
import { examineAccount } from './verify-account.ts';
import type { Finding } from './verify-findings.ts';
import { readLog } from './verify-log.ts';
import { openVerifyRequest, type OpenedVerification } from './verify-request.ts';
import type { VerifySource } from './verify-source.ts';
import { openVerifyStory, type VerifyStory } from './verify-story.ts';
import { readAccounts, readNamed } from './verify-table.ts';
import { AccountWindow, windowOf } from './verify-window.ts';

export type VerifyContext = {
  readonly db: Pool;
  readonly ledger: LogIdentity;
  readonly windowAccountsMax: number;
};

export function openVerification(
  request: VerifyEventsRequest,
  { ledger }: VerifyContext,
): OpenedVerification {
  return openVerifyRequest(request, ledger.logId);
}

export async function verifyEvents(
  context: VerifyContext,
  opened: OpenedVerification,
  send: (message: VerifyEventsResponse) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { db, ledger } = context;
  const story = openVerifyStory(opened, send);
  const source: VerifySource = { db, ledger, signal, onPage: story.onPage };
  try {
    if (opened.accountIds === undefined) await verifyAll(source, story, context.windowAccountsMax);
    else await verifyNamed(source, story, opened.accountIds);
  } catch (error) {
    signal.throwIfAborted();
    throw isConnectionLost(error) ? storeUnavailable(error) : error;
  }
  await story.end();
}

const END = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

async function verifyAll(
  source: VerifySource,
  story: VerifyStory,
  windowAccountsMax: number,
): Promise<void> {
  while (story.state.afterAccountId !== END) {
    const window = new AccountWindow(story.state.afterAccountId, windowAccountsMax);
    await readAccounts(source, window);
    const { findings } = await readLog(source, window, undefined);
    // What is wrong with the log itself is told once, by the first window.
    if (story.state.afterAccountId === undefined) await story.tell(findings);
    await tellSuspects(source, story, window);
    story.finish(window.last, BigInt(window.size), window.events);
  }
}

async function verifyNamed(
  source: VerifySource,
  story: VerifyStory,
  accountIds: readonly string[],
): Promise<void> {
  if (story.state.afterAccountId !== undefined) return;
  const window = windowOf(accountIds);
  await readNamed(source, window);
  await readLog(source, window, accountIds);
  await tellSuspects(source, story, window);
  let known = 0n;
  for (let index = 0; index < window.size; index++) {
    const versions = (window.tableVersion[index] ?? 0) + (window.logVersion[index] ?? 0);
    if (versions > 0) known += 1n;
  }
  story.finish(END, known, window.events);
}

/** In the order of their ids, so that a stream that goes on tells the same again. */
async function tellSuspects(
  source: VerifySource,
  story: VerifyStory,
  window: AccountWindow,
): Promise<void> {
  const suspects = [...window.suspects].map((index) => window.idAt(index));
  const accountIds = [...suspects, ...window.gone].sort();
  const again = { ...source, onPage: () => story.onPage(0) }; // they are counted already
  for (const accountId of accountIds.slice(0, VERIFY.examinedAccountsMax)) {
    await story.tell(await examineAccount(again, accountId));
  }
  await story.tell(accountIds.slice(VERIFY.examinedAccountsMax).map(unexamined));
}

function unexamined(accountId: string): Finding {
  const message = 'its events are not what the chain or the log says: verify it by its name';
  return { kind: VerifyFindingKind.VERIFY_FINDING_KIND_CHANGED, accountId, version: 0n, message };
}
