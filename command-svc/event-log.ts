/**
 * EventLogService: the log itself, read by account and followed by all. Answers are bytes that are
 * sent as they are, since events are copied out of what is stored. Both kinds of streams are
 * bounded in number, and read on connections of their own, so that commands never wait for them.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import { boundedSender } from '#platform/bounded-sender.ts';
import { createByteBudget } from '#platform/byte-budget.ts';
import type { Logger } from '#platform/logger.ts';
import { createServerStreams } from '#platform/server-streams.ts';
import {
  EventLogServiceService,
  type ReadAccountEventsRequest,
  type SubscribeToEventsRequest,
} from '#proto/bank/v1/event_log_service.ts';
import { openAccountEventsRequest, tellAccountEvents } from './account-event-reader.ts';
import { createAccountOwners } from './account-owners.ts';
import { FEED } from './bounds.ts';
import { tellFeed, type FeedContext } from './event-feed.ts';
import { openFeedRequest, type LogIdentity } from './feed-request.ts';
import { watchLogHeads } from './log-heads.ts';

export type EventLogLimits = {
  readonly subscriptionsMax: number;
  readonly accountReadersMax: number;
  /** Between two readings of the heads while a feed waits. */
  readonly pollMs: number;
};

export type EventLogContext = {
  readonly db: Pool;
  readonly log: Logger;
  readonly ledger: LogIdentity;
  readonly limits: EventLogLimits;
  /** Default: those of the contract. */
  readonly feed?: Partial<Pick<FeedContext, 'distance' | 'checkpointMs'>>;
  readonly streamAgeMaxMs?: number;
  /** Aborts when the service drains. */
  readonly stopping: AbortSignal;
};

const asItIs = (bytes: Buffer): Buffer => bytes;

/** The service as grpc-js is to serve it. */
export const eventLogDefinition = {
  ...EventLogServiceService,
  readAccountEvents: { ...EventLogServiceService.readAccountEvents, responseSerialize: asItIs },
  subscribeToEvents: { ...EventLogServiceService.subscribeToEvents, responseSerialize: asItIs },
};

export type EventLog = {
  readonly handlers: {
    readAccountEvents(call: ServerWritableStream<ReadAccountEventsRequest, Buffer>): void;
    subscribeToEvents(call: ServerWritableStream<SubscribeToEventsRequest, Buffer>): void;
  };
  /** This process has appended: those who follow the log hear of it at once. */
  mayHaveMoved(): void;
  /** Streams that are served now. */
  count(): number;
};

export function openEventLog(context: EventLogContext): EventLog {
  const { db, ledger, limits } = context;
  const heads = watchLogHeads(db, ledger.logId, {
    pollMs: limits.pollMs,
    pauseMinMs: FEED.headsPauseMinMs,
  });
  const feed: FeedContext = {
    db,
    heads,
    owners: createAccountOwners(db),
    budget: createByteBudget(FEED.pagesBytesMax),
    distance: FEED,
    checkpointMs: FEED.checkpointMs,
    ...context.feed,
  };
  const { streamAgeMaxMs: ageMaxMs = FEED.streamAgeMaxMs } = context;
  const bounds = { ageMaxMs, retryAfterMs: FEED.retryAfterMs };
  const subscriptions = createServerStreams(
    { ...bounds, streamsMax: limits.subscriptionsMax, goOnWith: 'resume_token' },
    context,
  );
  const readers = createServerStreams(
    { ...bounds, streamsMax: limits.accountReadersMax, goOnWith: 'next_version' },
    context,
  );
  return {
    handlers: {
      readAccountEvents: (call) =>
        readers.serve(call, openAccountEventsRequest, (opened, signal) =>
          tellAccountEvents(db, opened, senderOf(call, signal), signal),
        ),
      subscribeToEvents: (call) =>
        subscriptions.serve(
          call,
          (request, caller) => openFeedRequest(request, ledger, caller),
          (opened, signal) => tellFeed(feed, opened, senderOf(call, signal), signal),
        ),
    },
    mayHaveMoved: () => heads.mayHaveMoved(),
    count: () => subscriptions.count() + readers.count(),
  };
}

function senderOf<Req>(call: ServerWritableStream<Req, Buffer>, signal: AbortSignal) {
  return boundedSender<Buffer>(call, FEED.unsentBytesMax, signal);
}
