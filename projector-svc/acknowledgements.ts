/**
 * StreamAcknowledgements: tells a caller, batch by batch, that accepted items of its submission can
 * be read. It works from rows, so any replica serves it, before, during and after the submission,
 * and a resume token says where it goes on. `complete` comes once, last, and only then the stream
 * ends OK; items that wait for a dead letter are counted as blocked, at once. A stream that grows
 * old or a replica that drains ends it with STREAM_ROTATED. A caller
 * that reads slowly slows its own stream: one page of rows is held for it, no more.
 */
import { status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type pg from 'pg';
import { refusal } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { createServerStreams } from '#platform/server-streams.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import type {
  StreamAcknowledgementsRequest as Request,
  StreamAcknowledgementsResponse as Response,
} from '#proto/bank/v1/projector_service.ts';
import { openAcknowledgementRequest } from './acknowledgement-request.ts';
import type { KnownTotals, OpenedRequest } from './acknowledgement-request.ts';
import { tellPage } from './acknowledgement-page.ts';
import type { Watcher, Watchers } from './acknowledgement-watchers.ts';
import { blockedItems } from './blocked-items.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';
import { sendMessage } from './send-message.ts';
import { readAcknowledgements } from './sql/read-acknowledgements.ts';
import type { AcknowledgementPage } from './sql/read-acknowledgements.ts';

export type AcknowledgementContext = {
  pool: pg.Pool;
  eventStore: pg.Pool;
  watchers: Watchers;
  logId: string;
  partitionCount: number;
  log: Logger;
  /** Aborts when the service drains. */
  stopping: AbortSignal;
};

export type AcknowledgementCall = ServerWritableStream<Request, Response>;

export function streamAcknowledgements(
  ctx: AcknowledgementContext,
): (call: AcknowledgementCall) => void {
  const streams = createServerStreams(LIMITS, ctx);
  return (call) =>
    streams.serve(
      call,
      (request, caller) =>
        openAcknowledgementRequest(request, ctx.logId, ctx.partitionCount, caller),
      async (opened, signal) => {
        const watcher = ctx.watchers.watch(opened.tenant, opened.submissionId);
        try {
          await tellAll(ctx, call, opened, watcher, signal);
        } finally {
          watcher.close();
        }
      },
    );
}

const LIMITS = {
  streamsMax: ACKNOWLEDGEMENTS.streamsMax,
  ageMaxMs: ACKNOWLEDGEMENTS.streamAgeMaxMs,
  retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
  goOnWith: 'resume_token',
};

/** Resolves after the message that says `complete`; throws the signal's reason when it aborts. */
async function tellAll(
  ctx: AcknowledgementContext,
  call: AcknowledgementCall,
  opened: OpenedRequest,
  watcher: Watcher,
  signal: AbortSignal,
): Promise<void> {
  const send = (message: Response): Promise<void> => sendMessage(call, message, signal);
  let lastSentMs = performance.now();
  let sent: KnownTotals = { accepted: undefined, blocked: 0n };
  for (;;) {
    signal.throwIfAborted();
    const page = await readPage(ctx, opened, signal);
    const blocked = await blockedItems(ctx, opened, page);
    const known = { accepted: page.closed?.accepted, blocked };
    const result = await tellPage(opened, page, known, send);
    if (result.told > 0) {
      lastSentMs = performance.now();
      sent = known;
    }
    if (result.complete) {
      await send(opened.progressMessage(known, true));
      return;
    }
    if (result.more) continue;
    if (result.disagrees) reportDisagreement(ctx, opened, page);
    const quietSinceMs = performance.now() - lastSentMs;
    if (quietSinceMs >= ACKNOWLEDGEMENTS.checkpointMs || isNews(known, sent, quietSinceMs)) {
      await send(opened.progressMessage(known, false));
      lastSentMs = performance.now();
      sent = known;
    }
    const quietMs = lastSentMs + ACKNOWLEDGEMENTS.checkpointMs - performance.now();
    await watcher.changed(Math.min(ACKNOWLEDGEMENTS.pollMs, Math.max(quietMs, 0)), signal);
  }
}

/** The first items that wait, and the total when it is known, are told at once. */
function isNews(known: KnownTotals, sent: KnownTotals, quietSinceMs: number): boolean {
  if (known.accepted !== sent.accepted) return true;
  if (known.blocked === sent.blocked) return false;
  return sent.blocked === 0n || quietSinceMs >= ACKNOWLEDGEMENTS.pollMs;
}

async function readPage(
  ctx: AcknowledgementContext,
  opened: OpenedRequest,
  signal: AbortSignal,
): Promise<AcknowledgementPage> {
  const query = {
    tenant: opened.tenant,
    submissionId: opened.submissionId,
    seqs: opened.told.seqs,
    retryNos: opened.told.retryNos,
    partitionCount: ctx.partitionCount,
    withIndexes: opened.withIndexes,
    rowsPerPartition: ACKNOWLEDGEMENTS.rowsPerPartition,
  };
  const { readAttempts, readRetryFirstMs, readRetryMaxMs } = ACKNOWLEDGEMENTS;
  try {
    return await retryWithBackoff(
      {
        firstMs: readRetryFirstMs,
        maxMs: readRetryMaxMs,
        attempts: readAttempts,
        signal,
        retriable: isConnectionLost,
      },
      () => readAcknowledgements(ctx.pool, query),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!isConnectionLost(error)) throw error;
    throw refusal(
      status.UNAVAILABLE,
      'PROJECTION_UNAVAILABLE',
      'the projection store cannot be reached',
      {
        retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
        cause: error,
      },
    );
  }
}

/**
 * All of a closed submission is projected, and the sums differ: a bug, or a token with a wrong
 * total.
 */
function reportDisagreement(
  ctx: AcknowledgementContext,
  opened: OpenedRequest,
  page: AcknowledgementPage,
): void {
  if (opened.disagreementReported) return;
  opened.disagreementReported = true;
  ctx.log.error('ALARM: a closed submission has other totals than what was projected of it.', {
    submissionId: opened.submissionId,
    told: opened.told.total,
    accepted: page.closed?.accepted,
  });
}
