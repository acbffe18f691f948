/**
 * Streams that were answered while their caller still sends: they would stay for ever. After a
 * while they are reset without an error, as HTTP/2 has it.
 */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';

/** An answered caller has so long to end its side. */
const HALF_OPEN_MS = 1_000;

/** Of a stream that is answered; waits for the caller to end its side, and the status to leave. */
export function resetHalfOpen(stream: ServerHttp2Stream): void {
  if (stream.readableEnded || stream.destroyed) return;
  const timer = setTimeout(() => {
    if (stream.readableEnded || stream.destroyed) return;
    if (isAnswered(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
    else resetHalfOpen(stream);
  }, HALF_OPEN_MS);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}

function isAnswered({ sentTrailers, sentHeaders }: ServerHttp2Stream): boolean {
  return sentTrailers !== undefined || 'grpc-status' in sentHeaders;
}
