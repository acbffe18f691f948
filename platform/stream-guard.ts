/**
 * What the streams of a server hold in memory before and behind its handlers, where grpc-js bounds
 * nothing but single messages: messages that have come in part (partial-messages.ts); answers that
 * are not taken, of one connection and of all; and streams that were answered while their caller
 * still sends (half-open.ts).
 */
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import { sendAway } from './connection-guard.ts';
import { resetHalfOpen } from './half-open.ts';
import type { Logger } from './logger.ts';
import { createPartialMessages } from './partial-messages.ts';
import { settleHeaders } from './request-headers.ts';
import type { ServerLimits } from './server-limits.ts';
import { countRefused } from './server-refusals.ts';

type Limits = Pick<ServerLimits, 'partialBytesMax' | 'unsentBytesMax' | 'allUnsentBytesMax'>;
type Streams = Map<Http2Session, Set<ServerHttp2Stream>>;

export type StreamGuard = {
  guard(server: Server): void;
  /** Bytes of messages that have come in part, and of answers that are not taken. */
  held(): { partialBytes: number; unsentBytes: number };
  close(): void;
};

const LOOK_EVERY_MS = 250;

export function createStreamGuard(limits: Limits, log: Logger): StreamGuard {
  const streams: Streams = new Map();
  const partial = createPartialMessages(limits.partialBytesMax, () => {
    countRefused('partial_bytes');
    log.warn('A call was reset: its message came too slowly.');
  });
  const look = setInterval(() => endUnread(streams, limits, log), LOOK_EVERY_MS);
  look.unref();
  return {
    guard(server) {
      server.on('session', (session: Http2Session) => {
        streams.set(session, new Set());
        session.once('close', () => streams.delete(session));
      });
      server.prependListener(
        'stream',
        (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
          settleHeaders(headers);
          partial.watch(stream);
          stream.once('finish', () => resetHalfOpen(stream));
          const own = stream.session === undefined ? undefined : streams.get(stream.session);
          own?.add(stream);
          stream.once('close', () => own?.delete(stream));
        },
      );
    },
    held: () => ({
      partialBytes: partial.bytes(),
      unsentBytes: [...streams.values()].reduce((sum, own) => sum + unsentOf(own), 0),
    }),
    close: () => clearInterval(look),
  };
}

function endUnread(streams: Streams, limits: Limits, log: Logger): void {
  let all = 0;
  let greatest: { session: Http2Session; bytes: number } | undefined;
  for (const [session, own] of streams) {
    if (session.destroyed) continue;
    const bytes = unsentOf(own);
    all += bytes;
    if (bytes > (greatest?.bytes ?? 0)) greatest = { session, bytes };
  }
  if (greatest === undefined) return;
  if (greatest.bytes <= limits.unsentBytesMax && all <= limits.allUnsentBytesMax) return;
  const { remoteAddress } = greatest.session.socket;
  log.warn('A connection was ended: it does not take its answers.', { remoteAddress });
  sendAway(greatest.session, 'unsent_bytes');
}

function unsentOf(streams: ReadonlySet<ServerHttp2Stream>): number {
  let bytes = 0;
  for (const { writableLength } of streams) bytes += writableLength;
  return bytes;
}
