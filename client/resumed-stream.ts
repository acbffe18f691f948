/**
 * Follows a server stream whose messages carry resume tokens. A stream that is cut (a replica
 * rotates, dies, is replaced) goes on behind the last message with its token, on whatever replica
 * answers. Pulls only as fast as its own reader.
 * Promises: ends after the message that is the last, or with an error after a bounded number of
 * tries without progress.
 */
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { CallFault } from './call-fault.ts';
import { STREAM_RETRY, type RetryLimits } from './client-defaults.ts';
import { pauseBeforeNextTry } from './next-try.ts';

export type ResumeOptions = {
  /** Where an earlier follower stopped; empty: from the beginning. */
  readonly resumeToken?: string;
  readonly retry?: RetryLimits;
  readonly signal?: AbortSignal;
  readonly onBreak?: (fault: CallFault, attempt: number, delayMs: number) => void;
};

export type ResumedStream<Message> = ResumeOptions & {
  /** What is followed, for errors. */
  readonly what: string;
  readonly open: (resumeToken: string) => ClientReadableStream<Message>;
  /** Where to go on behind the message. Empty: the place before it stands. */
  readonly tokenOf: (message: Message) => string;
  /** undefined: the stream's own end is the end. */
  readonly isLast: ((message: Message) => boolean) | undefined;
};

/** The stream ended as if all had been said, but nothing said that it is complete. */
export class IncompleteFeedError extends Error {
  override readonly name = 'IncompleteFeedError';
}

export function resumedStream<Message extends { readonly resumeToken: string }>(
  followed: Omit<ResumedStream<Message>, 'tokenOf'>,
): AsyncGenerator<Message, void, void> {
  return resumed({ ...followed, tokenOf: ({ resumeToken }) => resumeToken });
}

/** The same for messages that name the place behind them in another way. */
export async function* resumed<Message>(
  followed: ResumedStream<Message>,
): AsyncGenerator<Message, void, void> {
  const { what, tokenOf, isLast, signal } = followed;
  const retry = followed.retry ?? STREAM_RETRY;
  let resumeToken = followed.resumeToken ?? '';
  for (let attempts = 1, sinceProgress = 1; ; attempts++, sinceProgress++) {
    try {
      for await (const message of streamOnce(followed, resumeToken)) {
        const token = tokenOf(message);
        if (token !== '') resumeToken = token;
        sinceProgress = 1;
        yield message;
        if (isLast?.(message) === true) return;
      }
    } catch (error) {
      const isMendable = ({ mayRetry }: CallFault) => mayRetry;
      const tries = { what, retry, attempts, sinceProgress };
      await pauseBeforeNextTry(error, tries, { signal, onBreak: followed.onBreak, isMendable });
      continue;
    }
    if (isLast === undefined) return;
    throw new IncompleteFeedError(`the stream of ${what} ended before it was complete`);
  }
}

async function* streamOnce<Message>(
  { open, signal }: ResumedStream<Message>,
  resumeToken: string,
): AsyncGenerator<Message, void, void> {
  signal?.throwIfAborted();
  const call = open(resumeToken);
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    const messages: AsyncIterable<Message> = call;
    for await (const message of messages) yield message;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}
