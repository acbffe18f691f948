/**
 * What a connection may do: there are so many of them, each carries so many calls (grpc-js' own
 * limit), and none pings without need. A peer that is gone is found by the server's own pings
 * (grpc-js). Whoever goes too far is sent away with GOAWAY, ENHANCE_YOUR_CALM: that is what gRPC
 * clients expect, and they come back more slowly. On a TLS listener it also counts the handshakes
 * that fail, and lets nobody stay who has shown a certificate that the authorities have not signed.
 */
import { constants } from 'node:http2';
import type { Http2Session } from 'node:http2';
import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { LogData, Logger } from './logger.ts';
import { onceAWhile } from './once-a-while.ts';
import type { ServerLimits } from './server-limits.ts';
import { countRefused } from './server-refusals.ts';

type Limits = Pick<ServerLimits, 'connectionsMax' | 'pingGapMinMs' | 'pingStrikesMax'>;

/**
 * What the answer to a ping takes: it is no sign that something was sent. Of TLS, too: its sockets
 * count what goes into them.
 */
const PING_BYTES = 17;

export function guardConnections(server: Server, limits: Limits, log: Logger): void {
  server.maxConnections = limits.connectionsMax;
  const sayDropped = onceAWhile(() => {
    log.warn('Connections are refused: there are as many as there may be.', {
      connectionsMax: limits.connectionsMax,
    });
  });
  server.on('drop', () => {
    countRefused('connections');
    sayDropped();
  });
  server.on('session', (session: Http2Session) => watchPings(session, limits, log));
  guardHandshakes(server, log);
}

/** Of a plaintext server nothing comes. */
function guardHandshakes(server: Server, log: Logger): void {
  const refuse = (socket: TLSSocket, reason: string): void => {
    countRefused('handshakes');
    const { remoteAddress } = socket;
    sayRefused({ remoteAddress, reason });
    socket.destroy();
  };
  const sayRefused = onceAWhile((data: LogData) => {
    log.warn('A connection was refused: its TLS handshake failed.', data);
  });
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => refuse(socket, error.message));
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    if (socket.authorized || !('raw' in socket.getPeerCertificate())) return;
    refuse(socket, String(socket.authorizationError));
  });
}

/** Ends a connection whose peer goes too far. */
export function sendAway(session: Http2Session, limit: string): void {
  if (session.destroyed) return;
  countRefused(limit);
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from(`too_many_${limit}`));
  session.destroy();
}

/** As gRPC has it: pings that come too soon are strikes, until something was sent between them. */
function watchPings(session: Http2Session, limits: Limits, log: Logger): void {
  let strikes = 0;
  let pingedMs = Number.NEGATIVE_INFINITY;
  let written = 0;
  session.on('ping', () => {
    const nowMs = performance.now();
    const { bytesWritten, remoteAddress } = session.socket;
    const hasSent = bytesWritten - written > 2 * PING_BYTES;
    if (hasSent) strikes = 0;
    else if (nowMs - pingedMs < limits.pingGapMinMs) strikes += 1;
    pingedMs = nowMs;
    written = bytesWritten;
    if (strikes <= limits.pingStrikesMax) return;
    log.warn('A connection was ended: it pings too often.', { remoteAddress });
    sendAway(session, 'pings');
  });
}
