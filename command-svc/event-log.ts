/**
 * EventLogService: the log itself, read by account, followed by all, and verified. Events are
 * answered as bytes that are sent as they are, copied out of what is stored. All kinds of streams
 * are bounded in number, and read on connections of their own: commands never wait for them.
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
  type VerifyEventsRequest,
  type VerifyEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { openAccountEventsRequest, tellAccountEvents } from './account-event-reader.ts';
import type { Holders } from './account-holder.ts';
import { createAccountOwners } from './account-owners.ts';
import { FEED, VERIFY } from './bounds.ts';
import { tellFeed, type FeedContext } from './event-feed.ts';
import { openFeedRequest, type LogIdentity } from './feed-request.ts';
import { watchLogHeads } from './log-heads.ts';
import { openVerification, verifyEvents } from './verify-events.ts';

export type EventLogLimits = {
  readonly subscriptionsMax: number;
  readonly accountReadersMax: number;
  /** Between two readings of the heads while a feed waits. */
  readonly pollMs: number;
};

export type EventLogContext = {
  readonly db: Pool;
  readonly holders: Holders;
  readonly log: Logger;
  readonly ledger: LogIdentity;
  readonly limits: EventLogLimits;
  /** Default: those of the contract. */
  readonly feed?: Partial<Pick<FeedContext, 'distance' | 'checkpointMs'>>;
  readonly streamAgeMaxMs?: number;
  /** Default: as in bounds.ts. */
  readonly verify?: { readonly streamsMax?: number; readonly windowAccountsMax?: number };
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
    verifyEvents(call: ServerWritableStream<VerifyEventsRequest, VerifyEventsResponse>): void;
  };
  /** This process has appended: those who follow the log hear of it at once. */
  mayHaveMoved(): void;
  /** Streams that are served now. */
  count(): number;
};

export function openEventLog(context: EventLogContext): EventLog {
  const { db, ledger, limits, holders } = context;
  const heads = watchLogHeads(db, ledger.logId, {
    pollMs: limits.pollMs,
    pauseMinMs: FEED.headsPauseMinMs,
  });
  const feed: FeedContext = {
    db,
    heads,
    owners: createAccountOwners(db, holders),
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
  const verify = { ...VERIFY, ...context.verify };
  const verifications = createServerStreams(
    { ...bounds, streamsMax: verify.streamsMax, goOnWith: 'resume_token' },
    context,
  );
  const verified = { db, ledger, windowAccountsMax: verify.windowAccountsMax };
  return {
    handlers: {
      readAccountEvents: (call) =>
        readers.serve(call, openAccountEventsRequest, (opened, signal) =>
          tellAccountEvents({ db, holders }, opened, senderOf(call, signal), signal),
        ),
      subscribeToEvents: (call) =>
        subscriptions.serve(
          call,
          (request, caller) => openFeedRequest(request, ledger, caller),
          (opened, signal) => tellFeed(feed, opened, senderOf(call, signal), signal),
        ),
      verifyEvents: (call) =>
        verifications.serve(
          call,
          (request) => openVerification(request, verified),
          (opened, signal) => verifyEvents(verified, opened, sendTo(call, signal), signal),
        ),
    },
    mayHaveMoved: () => heads.mayHaveMoved(),
    count: () => subscriptions.count() + readers.count() + verifications.count(),
  };
}

function senderOf<Req>(call: ServerWritableStream<Req, Buffer>, signal: AbortSignal) {
  return boundedSender<Buffer>(call, FEED.unsentBytesMax, signal);
}

function sendTo<Req, Res>(call: ServerWritableStream<Req, Res>, signal: AbortSignal) {
  const sender = boundedSender<Res>(call, 1, signal);
  return async (message: Res): Promise<void> => {
    sender.send(message, 1);
    await sender.room();
  };
}
