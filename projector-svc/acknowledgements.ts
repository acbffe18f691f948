/**
 * StreamAcknowledgements: tells a caller, batch by batch, that accepted items of its submission can
 * be read. It works from rows, so any replica serves it, before, during and after the submission,
 * and a resume token says where it goes on. `complete` comes once, last, and only then the stream
 * ends OK; a stream that grows old or a replica that drains ends it with STREAM_ROTATED. A caller
 * that reads slowly slows its own stream: one page of rows is held for it, no more.
 */
import { status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type pg from 'pg';
import { openCallContext } from '#platform/call-context.ts';
import { refusal, toServiceError } from '#platform/grpc-errors.ts';
import type { RpcError } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import type {
  StreamAcknowledgementsRequest as Request,
  StreamAcknowledgementsResponse as Response,
} from '#proto/bank/v1/projector_service.ts';
import { openAcknowledgementRequest } from './acknowledgement-request.ts';
import type { OpenedRequest } from './acknowledgement-request.ts';
import { tellPage } from './acknowledgement-page.ts';
import type { Watcher, Watchers } from './acknowledgement-watchers.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';
import { sendMessage } from './send-message.ts';
import { readAcknowledgements } from './sql/read-acknowledgements.ts';
import type { AcknowledgementPage } from './sql/read-acknowledgements.ts';

export type AcknowledgementContext = {
  pool: pg.Pool;
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
  return (call) => {
    const caller = openCallContext(call);
    serve(ctx, call, caller.signal)
      .then(
        () => call.end(),
        (error: unknown) => {
          // To a caller that is gone nothing can be said.
          if (!caller.signal.aborted) call.emit('error', toServiceError(error, ctx.log));
        },
      )
      .catch((error: unknown) => ctx.log.error('Could not end a stream.', { err: error }))
      .finally(() => caller.close());
  };
}

async function serve(
  ctx: AcknowledgementContext,
  call: AcknowledgementCall,
  callerGone: AbortSignal,
): Promise<void> {
  const opened = openAcknowledgementRequest(call.request, ctx.logId, ctx.partitionCount);
  if (ctx.watchers.count() >= ACKNOWLEDGEMENTS.streamsMax) {
    throw refusal(
      status.RESOURCE_EXHAUSTED,
      'QUEUE_FULL',
      'this replica serves as many streams as it may',
      {
        retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
      },
    );
  }
  const watcher = ctx.watchers.watch(opened.tenant, opened.submissionId);
  const rotation = new AbortController();
  const rotate = (): void => rotation.abort(rotated());
  const timer = setTimeout(rotate, ACKNOWLEDGEMENTS.streamAgeMaxMs * (0.8 + 0.2 * Math.random()));
  ctx.stopping.addEventListener('abort', rotate, { once: true });
  if (ctx.stopping.aborted) rotate();
  try {
    await tellAll(ctx, call, opened, watcher, AbortSignal.any([callerGone, rotation.signal]));
  } finally {
    clearTimeout(timer);
    ctx.stopping.removeEventListener('abort', rotate);
    watcher.close();
  }
}

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
  for (;;) {
    signal.throwIfAborted();
    const page = await readPage(ctx, opened, signal);
    const result = await tellPage(opened, page, send);
    if (result.told > 0) lastSentMs = performance.now();
    if (result.complete) {
      await send(opened.progressMessage(page.closed?.accepted, true));
      return;
    }
    if (result.more) continue;
    if (result.disagrees) reportDisagreement(ctx, opened, page);
    if (performance.now() - lastSentMs >= ACKNOWLEDGEMENTS.checkpointMs) {
      await send(opened.progressMessage(page.closed?.accepted, false));
      lastSentMs = performance.now();
    }
    const quietMs = lastSentMs + ACKNOWLEDGEMENTS.checkpointMs - performance.now();
    await watcher.changed(Math.min(ACKNOWLEDGEMENTS.pollMs, Math.max(quietMs, 0)), signal);
  }
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

function rotated(): RpcError {
  return refusal(
    status.UNAVAILABLE,
    'STREAM_ROTATED',
    'the stream was rotated: go on with the last resume_token',
    {
      retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
    },
  );
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
