/**
 * SubscribeToEvents: tells the log from a position on, first its history, then live, without end.
 * The parent of the flow: read a page > open each row > leave out what is not asked for > copy the
 * events into messages > send, with the position after each. Nothing is left out or told twice,
 * since each partition is told position by position and the position moves with what is sent.
 *
 * A caller that does not read stops its own feed and costs a bounded number of bytes: what was read
 * for it is dropped, and read again when it goes on.
 */
import { status } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import type { BoundedSender } from '#platform/bounded-sender.ts';
import type { ByteBudget } from '#platform/byte-budget.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import type { AccountOwners } from './account-owners.ts';
import { whyMissing } from './archived-log.ts';
import { FEED } from './bounds.ts';
import { FeedDistance, type DistanceLimits } from './feed-distance.ts';
import { FeedOutput } from './feed-output.ts';
import { FeedPages } from './feed-pages.ts';
import { FeedPosition } from './feed-position.ts';
import { logReplaced, type OpenedFeed } from './feed-request.ts';
import type { Heads, LogHeads } from './log-heads.ts';

export type FeedContext = {
  readonly db: Pool;
  readonly heads: LogHeads;
  readonly owners: AccountOwners;
  /** For pages, over all feeds. */
  readonly budget: ByteBudget;
  readonly distance: DistanceLimits;
  readonly checkpointMs: number;
};

/** Ends by a throw only: the signal's reason, or what went wrong. */
export async function tellFeed(
  context: FeedContext,
  opened: OpenedFeed,
  sender: BoundedSender<Buffer>,
  signal: AbortSignal,
): Promise<never> {
  try {
    return await tell(context, opened, sender, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (isConnectionLost(error)) throw storeUnavailable(error);
    throw await whyMissing(context.db, error);
  }
}

async function tell(
  context: FeedContext,
  opened: OpenedFeed,
  sender: BoundedSender<Buffer>,
  signal: AbortSignal,
): Promise<never> {
  const heads = await readHeads(context, signal);
  const position = opened.start ?? newest(opened.filter.partitions, heads);
  await untilSeen(context, position, signal);
  const pages = new FeedPages(context, position, signal);
  const distance = new FeedDistance(heads, context.heads, context.distance);
  const output = new FeedOutput({ opened, position, sender, owners: context.owners });
  try {
    return await tellPages(context, { position, pages, distance, output }, sender, signal);
  } finally {
    pages.drop();
  }
}

type Telling = {
  readonly position: FeedPosition;
  readonly pages: FeedPages;
  readonly distance: FeedDistance;
  readonly output: FeedOutput;
};

async function tellPages(
  context: FeedContext,
  { position, pages, distance, output }: Telling,
  sender: BoundedSender<Buffer>,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    signal.throwIfAborted();
    checkNotAhead(position, context.heads.known);
    const page = await pages.next(context.heads.known.seqs);
    if (page !== undefined) {
      const told = await output.tellPage(page);
      if (!told) {
        pages.dropTo(position);
        await sender.room();
      }
    }
    const mark = await distance.mark(position);
    const isDue = output.quietMs >= context.checkpointMs;
    if (mark !== FeedState.FEED_STATE_UNSPECIFIED || isDue) await output.tellMark(mark);
    if (page !== undefined) continue;
    const waitMs = Math.max(context.checkpointMs - output.quietMs, 0);
    const isMoved = (now: Heads): boolean => !position.reaches(now.seqs);
    distance.stoodAt(await context.heads.wait(isMoved, waitMs, signal));
  }
}

function readHeads({ heads }: FeedContext, signal: AbortSignal): Promise<Heads> {
  const options = { ...FEED.readRetry, signal, retriable: isConnectionLost };
  return retryWithBackoff(options, () => heads.read());
}

function newest(partitions: readonly number[], heads: Heads): FeedPosition {
  const seqs = partitions.map((partition) => [partition, heads.seqs.get(partition) ?? 0n] as const);
  return new FeedPosition(new Map(seqs));
}

async function untilSeen(
  context: FeedContext,
  position: FeedPosition,
  signal: AbortSignal,
): Promise<void> {
  const { heads } = context;
  if (aheadOf(position, heads.known) === undefined) return;
  const isSeen = (now: Heads): boolean => aheadOf(position, now) === undefined;
  await heads.wait(isSeen, FEED.unseenMs, signal);
  await readHeads(context, signal);
}

/** An older copy of the log was restored under the same name, or it failed over to one. */
function checkNotAhead(position: FeedPosition, heads: Heads): void {
  const ahead = aheadOf(position, heads);
  if (ahead !== undefined) throw logReplaced(ahead);
}

function aheadOf(position: FeedPosition, { seqs }: Heads): string | undefined {
  for (const partition of position.partitions) {
    const head = seqs.get(partition) ?? 0n;
    const told = position.seqOf(partition);
    if (told > head) return `partition ${partition} is at ${head}, behind ${told}, which was sent`;
  }
  return undefined;
}

export function storeUnavailable(cause: unknown): Error {
  return refusal(
    status.UNAVAILABLE,
    'EVENT_STORE_UNAVAILABLE',
    'the event store is out of reach: go on with what came last',
    { retryAfterMs: FEED.retryAfterMs, cause },
  );
}
