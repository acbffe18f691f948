/** What a page is made from: who looks, at what, and what the bank answers to that person. */
import { signedOutBy, type BankReader, type Outcome } from './bank-reader.ts';
import { html, type Html } from './html.ts';
import { pageFrame, type Frame } from './page-frame.ts';
import { page, type Reply } from './replies.ts';
import { signInPage } from './sign-in.ts';
import type { Look, View } from './watches.ts';

export type PageContext = {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly reader: BankReader;
  /** The token is in a cookie. */
  readonly isSignedIn: boolean;
  /** The newest look at a live view of this person. */
  readonly look: (name: string, make: () => View) => Promise<Look>;
};

export type PageMaker = (context: PageContext) => Promise<Reply>;

const NOT_TAKEN = 'The services do not take this token';

/** The page; or the one to sign in on, when the token is not taken. */
export function shownPage(
  context: PageContext,
  frame: Omit<Frame, 'isSignedIn'>,
  { outcomes = [], status = 200 }: { outcomes?: readonly Outcome<unknown>[]; status?: number } = {},
): Reply {
  const signedOut = signedOutBy(outcomes);
  if (signedOut !== undefined) return signedOutPage(context, signedOut);
  return page(pageFrame({ ...frame, isSignedIn: context.isSignedIn }), status);
}

export function signedOutPage({ path, query }: PageContext, why: string): Reply {
  const rest = query.toString();
  return signInPage(rest === '' ? path : `${path}?${rest}`, `${NOT_TAKEN}: ${why}.`);
}

/** The way to the next page of a list; nothing at its end. */
export function nextLink(
  { path, query }: Pick<PageContext, 'path' | 'query'>,
  nextPageToken: string | undefined,
): Html | false {
  if (nextPageToken === undefined || nextPageToken === '') return false;
  const next = new URLSearchParams(query);
  next.set('page_token', nextPageToken);
  return html`<p class="next"><a href="${path}?${next.toString()}">Next page</a></p>`;
}
