/**
 * Follows a submission on the read side: every acknowledgement once, in the order of the stream,
 * until it is complete. A stream that is cut (a replica rotates, dies, is replaced) goes on behind
 * the last message with its resume token, on whatever replica answers. Pulls only as fast as its
 * own reader.
 * Promises: the last message has progress.complete, or an error after a bounded number of tries.
 */
import { Metadata } from '@grpc/grpc-js';
import { backoffMs, sleep } from '#platform/waiting.ts';
import type {
  ProjectorServiceClient,
  StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
import { callFault, isServiceError, StreamGivenUpError, type CallFault } from './call-fault.ts';
import { STREAM_RETRY, type RetryLimits } from './client-defaults.ts';

export type FollowRequest = {
  readonly submissionId: string;
  /** Where an earlier follower stopped; empty: from the beginning. */
  readonly resumeToken?: string;
  readonly includeItemIndexes?: boolean;
  readonly retry?: RetryLimits;
  readonly signal?: AbortSignal;
  readonly onBreak?: (fault: CallFault, attempt: number, delayMs: number) => void;
};

/** The stream ended as if all had been said, but nothing said that it is complete. */
export class IncompleteFeedError extends Error {
  override readonly name = 'IncompleteFeedError';
}

export async function* followAcknowledgements(
  projector: ProjectorServiceClient,
  request: FollowRequest,
): AsyncGenerator<StreamAcknowledgementsResponse, void, void> {
  const retry = request.retry ?? STREAM_RETRY;
  let resumeToken = request.resumeToken ?? '';
  for (let attempts = 1, sinceProgress = 1; ; attempts++, sinceProgress++) {
    try {
      for await (const message of streamOnce(projector, request, resumeToken)) {
        if (message.resumeToken !== '') resumeToken = message.resumeToken;
        sinceProgress = 1;
        yield message;
        if (message.progress?.complete === true) return;
      }
    } catch (error) {
      request.signal?.throwIfAborted();
      if (!isServiceError(error)) throw error;
      const fault = callFault(error);
      const giveUp = sinceProgress >= retry.attempts || attempts >= retry.attemptsTotal;
      if (!fault.mayRetry || giveUp) {
        const what = `acknowledgements of ${request.submissionId}`;
        throw new StreamGivenUpError(what, fault, attempts, error);
      }
      const delayMs = Math.max(fault.retryAfterMs ?? 0, backoffMs(retry, sinceProgress));
      request.onBreak?.(fault, attempts, delayMs);
      await sleep(delayMs, request.signal);
      continue;
    }
    const feed = `the feed of ${request.submissionId}`;
    throw new IncompleteFeedError(`${feed} ended before it was complete`);
  }
}

async function* streamOnce(
  projector: ProjectorServiceClient,
  { submissionId, includeItemIndexes = false, signal }: FollowRequest,
  resumeToken: string,
): AsyncGenerator<StreamAcknowledgementsResponse, void, void> {
  signal?.throwIfAborted();
  const call = projector.streamAcknowledgements(
    { submissionId, resumeToken, includeItemIndexes },
    new Metadata(),
  );
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const messages: AsyncIterable<StreamAcknowledgementsResponse> = call;
    for await (const message of messages) yield message;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}
