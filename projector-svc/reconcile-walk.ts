/**
 * Goes through all accounts, or through those that were asked for, page by page. What is found is
 * told at once; where a stream goes on is the last account that was finished with all before it, so
 * that an account that takes several pages begins again.
 */
import { isConnectionLost, SQL_STATE, sqlStateOf } from '#platform/postgres.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { RECONCILE } from './bounds.ts';
import { AccountComparison } from './reconcile-account.ts';
import type { AccountOutcome, Finding } from './reconcile-account.ts';
import type { BehindCheck } from './reconcile-behind.ts';
import { behindAccount, isBehindAccount, readReconcilePage } from './reconcile-page.ts';
import type { AccountPart, ReconcilePage, ReconcileStores } from './reconcile-page.ts';
import type { ReconcileState } from './reconcile-token.ts';
import type { EventKey } from './sql/read-event-page.ts';

/** From one account to another, both of them too. */
export type Scope = { readonly first: string; readonly last: string };

export type Walk = {
  readonly stores: ReconcileStores;
  readonly checkBehind: BehindCheck;
  /** Of all that is finished. */
  readonly state: ReconcileState;
  readonly tell: (finding: Finding) => Promise<void>;
  /** After each page. */
  readonly onPage: () => Promise<void>;
  /** In its midst. */
  readonly onWait: () => Promise<void>;
  readonly signal: AbortSignal;
};

export async function walkScope(walk: Walk, { first, last }: Scope): Promise<void> {
  const { afterAccountId } = walk.state;
  if (afterAccountId !== undefined && afterAccountId >= last) return;
  const isWithin = afterAccountId !== undefined && afterAccountId >= first;
  let from = isWithin ? behindAccount(afterAccountId) : { accountId: first, version: 0n };
  let open: OpenAccount | undefined;
  for (let isLast = false; !isLast;) {
    walk.signal.throwIfAborted();
    const page = await readPage(walk, from, last);
    isLast = page.end.accountId === last && isBehindAccount(page.end);
    const result = await comparePage(walk, page, open);
    open = result.open;
    from = result.givenUp === undefined ? page.end : behindAccount(result.givenUp);
    await finishPage(walk, result);
    await walk.onPage();
  }
}

/** One that goes on in the next page, with how many findings were told of it. */
type OpenAccount = { readonly comparison: AccountComparison; told: bigint };

type PageResult = {
  open: OpenAccount | undefined;
  /** The projection is behind in its midst: it is compared up to there. */
  givenUp: string | undefined;
  readonly outcomes: (AccountOutcome & { readonly accountId: string })[];
};

async function comparePage(
  walk: Walk,
  { parts, textOf }: ReconcilePage,
  before: OpenAccount | undefined,
): Promise<PageResult> {
  const result: PageResult = { open: undefined, givenUp: undefined, outcomes: [] };
  const begun = before?.comparison.accountId;
  const isGone = begun !== undefined && parts[0]?.accountId !== begun;
  const rest = isGone ? [nothingMoreOf(begun), ...parts] : parts;
  for (const part of rest) {
    const { accountId } = part;
    const account =
      before !== undefined && accountId === begun
        ? before
        : { comparison: new AccountComparison(accountId), told: 0n };
    const isUpToDate = account.comparison.add(part, textOf);
    await tellAll(walk, account);
    if (!part.isWhole && isUpToDate) {
      result.open = account;
      continue;
    }
    if (!part.isWhole) result.givenUp = accountId;
    result.outcomes.push({ accountId, ...account.comparison.finish(part) });
    await tellAll(walk, account);
  }
  return result;
}

async function tellAll({ tell }: Walk, account: OpenAccount): Promise<void> {
  for (const finding of account.comparison.takeFindings()) {
    account.told += 1n;
    await tell(finding);
  }
}

async function finishPage(walk: Walk, { open, outcomes }: PageResult): Promise<void> {
  const { state } = walk;
  const behind = outcomes.flatMap((one) => one.behind ?? []);
  const { findings, wrong } = await withRetry(walk, () =>
    walk.checkBehind(behind, walk.onWait, walk.signal),
  );
  for (const finding of findings) await walk.tell(finding);
  for (const outcome of outcomes) {
    if (outcome.events > 0n || outcome.behind !== undefined) state.accounts += 1n;
    state.events += outcome.events;
    const missed = wrong.find(({ accountId }) => accountId === outcome.accountId);
    const currencyCode = missed?.after.currencyCode ?? outcome.currencyCode;
    const eventsMinor = missed?.after.balanceMinor ?? outcome.eventsMinor;
    addSums(state, currencyCode, eventsMinor, outcome.projectedMinor);
  }
  state.afterAccountId = outcomes.at(-1)?.accountId ?? state.afterAccountId;
  const toldOfOpen = open?.told ?? 0n;
  state.findings += state.toldSince - toldOfOpen;
  state.toldSince = toldOfOpen;
}

function addSums(
  { sums }: ReconcileState,
  currencyCode: string,
  eventsMinor: bigint,
  projectedMinor: bigint,
): void {
  if (currencyCode === '') return;
  const sum = sums.get(currencyCode) ?? { eventsMinor: 0n, projectedMinor: 0n };
  sum.eventsMinor += eventsMinor;
  sum.projectedMinor += projectedMinor;
  sums.set(currencyCode, sum);
}

function nothingMoreOf(accountId: string): AccountPart {
  return { accountId, events: [], entries: [], holds: [], balance: undefined, isWhole: true };
}

function readPage({ stores, ...walk }: Walk, from: EventKey, last: string): Promise<ReconcilePage> {
  return withRetry(walk, () => readReconcilePage(stores, from, last));
}

function withRetry<T>({ signal }: Pick<Walk, 'signal'>, read: () => Promise<T>): Promise<T> {
  const { readAttempts: attempts, readRetryFirstMs: firstMs, readRetryMaxMs: maxMs } = RECONCILE;
  return retryWithBackoff({ attempts, firstMs, maxMs, signal, retriable: isPassing }, read);
}

export function isPassing(error: unknown): boolean {
  return isConnectionLost(error) || sqlStateOf(error) === SQL_STATE.queryCanceled;
}
