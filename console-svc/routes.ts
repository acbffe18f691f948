/**
 * From a request to its answer: reads of pages, the live stream, signing in and out, and the two
 * probes, which tell nothing and ask nobody who they are. Where callers have to be somebody nothing
 * of the bank is asked without a token. Whatever a page throws is logged, and answered in general.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BankClient } from '#client/bank-client.ts';
import type { Logger } from '#platform/logger.ts';
import { isLoopback } from '#platform/loopback.ts';
import { accountPage } from './account-page.ts';
import { accountsPage } from './accounts-page.ts';
import { assetReply } from './assets.ts';
import { bankReader, type BankReader } from './bank-reader.ts';
import { deadLettersPage } from './dead-letters-page.ts';
import type { LiveStreams } from './live-stream.ts';
import { OVERVIEW, overviewView } from './overview.ts';
import { overviewPage } from './overview-page.ts';
import type { PageMaker } from './page-context.ts';
import { send, text, type Reply } from './replies.ts';
import { tokenOf, type RequestToken } from './request-token.ts';
import { signIn, signInPage, signOut } from './sign-in.ts';
import { submissionPage, submissionsPage } from './submission-pages.ts';
import { submissionName, submissionView } from './submission-view.ts';
import { TooManyViewsError, type View, type Watches } from './watches.ts';

export type Console = {
  readonly bank: BankClient;
  readonly watches: Watches;
  readonly streams: LiveStreams;
  readonly asksForToken: boolean;
  readonly callMs: number;
  readonly log: Logger;
  /** Aborts when the service drains. */
  readonly stopping: AbortSignal;
};

const PAGES: Readonly<Record<string, PageMaker>> = {
  '/': overviewPage,
  '/submissions': submissionsPage,
  '/dead-letters': deadLettersPage,
  '/accounts': accountsPage,
};
const PAGES_OF_ONE: readonly (readonly [string, (id: string) => PageMaker])[] = [
  ['/submissions/', submissionPage],
  ['/accounts/', accountPage],
];
const BASE = 'http://console';
const BUSY = 'As many pages are looked at as this service takes: try again in a moment.';
const BUSY_HEADERS = { 'retry-after': '2' };

export async function answer(
  console: Console,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isHead = request.method === 'HEAD';
  try {
    const reply = await route(console, request, response);
    if (reply !== undefined) send(response, reply, isHead);
  } catch (error) {
    console.log.error('A page could not be made.', { err: error });
    if (!response.headersSent) send(response, text(500, 'The page could not be made.'), isHead);
  }
}

/** undefined: a stream has begun. */
async function route(
  console: Console,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply | undefined> {
  const asked = request.url ?? '/';
  if (!URL.canParse(asked, BASE)) return text(400, 'That is not the address of a page.');
  const url = new URL(asked, BASE);
  if (!isForHere(console, request)) return text(421, 'This is not the host that was asked.');
  if (request.method === 'POST') {
    if (url.pathname === '/sign-in' && console.asksForToken) return signIn(request);
    if (url.pathname === '/sign-out' && console.asksForToken) return signOut(request);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return text(405, 'This page is for reading.', { allow: 'GET, HEAD' });
  }
  return (
    probe(console, url.pathname) ??
    assetReply(url.pathname) ??
    look(console, request, response, url)
  );
}

/** Without tokens a foreign page could reach this machine under a name of its own. */
function isForHere({ asksForToken }: Console, { headers }: IncomingMessage): boolean {
  if (asksForToken) return true;
  const host = `http://${headers.host ?? ''}`;
  return URL.canParse(host) && isLoopback(new URL(host).hostname);
}

function probe({ stopping }: Console, path: string): Reply | undefined {
  if (path === '/healthz') return text(200, 'alive');
  if (path !== '/readyz') return undefined;
  return stopping.aborted ? text(503, 'stopping') : text(200, 'ready');
}

async function look(
  console: Console,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<Reply | undefined> {
  const known = console.asksForToken ? tokenOf(request) : undefined;
  const isLive = url.pathname === '/live';
  // A stream has no end that HEAD could tell of, and would hold a place until then.
  if (isLive && request.method === 'HEAD') return text(405, 'This is a stream.', { allow: 'GET' });
  if (console.asksForToken && known === undefined) {
    return isLive ? text(401, 'Sign in first.') : signInPage(`${url.pathname}${url.search}`);
  }
  try {
    if (isLive) return live(console, known, response, url.searchParams);
    return await pageOf(console, known, url);
  } catch (error) {
    if (!(error instanceof TooManyViewsError)) throw error;
    return text(503, BUSY, BUSY_HEADERS);
  }
}

async function pageOf(
  console: Console,
  known: RequestToken | undefined,
  { pathname: path, searchParams: query }: URL,
): Promise<Reply> {
  const make = pageMaker(path);
  if (make === undefined) return text(404, 'There is no such page.');
  const key = (name: string): { token: string | undefined; name: string } => ({
    token: known?.token,
    name,
  });
  return make({
    path,
    query,
    reader: readerOf(console, known),
    isSignedIn: known?.isCookie === true,
    look: (name, view) => console.watches.look(key(name), view),
  });
}

function pageMaker(path: string): PageMaker | undefined {
  const known = Object.hasOwn(PAGES, path) ? PAGES[path] : undefined;
  if (known !== undefined) return known;
  for (const [prefix, make] of PAGES_OF_ONE) {
    const id = path.startsWith(prefix) ? decoded(path.slice(prefix.length)) : undefined;
    if (id !== undefined && id !== '') return make(id);
  }
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // no page has such a name
  }
}

function live(
  { watches, streams, ...console }: Console,
  known: RequestToken | undefined,
  response: ServerResponse,
  query: URLSearchParams,
): Reply | undefined {
  const reader = readerOf(console, known);
  const submissionId = query.get('submission');
  const [name, make]: [string, () => View] =
    submissionId === null
      ? [OVERVIEW, () => overviewView(reader)]
      : [submissionName(submissionId), () => submissionView(reader, submissionId)];
  const key = { token: known?.token, name };
  const isOpen = streams.open(response, (onLook) => watches.follow(key, make, onLook));
  return isOpen ? undefined : text(503, BUSY, BUSY_HEADERS);
}

function readerOf(
  { bank, callMs }: Pick<Console, 'bank' | 'callMs'>,
  known: RequestToken | undefined,
): BankReader {
  return bankReader(bank, known?.token, callMs);
}
