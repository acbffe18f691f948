/**
 * The service's HTTP listener, by TLS 1.3 where it has a certificate: bounded in connections, in
 * the size and the time of a request. Certificates are read again when their files change.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Address } from '#platform/config.ts';
import { followTlsFiles, tlsContext } from '#platform/followed-tls-files.ts';
import type { ListenerTls } from '#platform/listener-tls.ts';
import type { Logger } from '#platform/logger.ts';
import { within } from '#platform/waiting.ts';
import { HTTP } from './config.ts';

export type HttpListener = {
  /** host:port with the port that was taken. */
  readonly address: string;
  /** No new requests; those that are there have so long to end. */
  drain(drainMs: number): Promise<void>;
};

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

const LIMITS = {
  maxHeaderSize: HTTP.headerBytesMax,
  headersTimeout: HTTP.headersMs,
  requestTimeout: HTTP.requestMs,
  keepAliveTimeout: HTTP.keepAliveMs,
  connectionsCheckingInterval: HTTP.keepAliveMs,
} as const;

export async function listenHttp(
  listen: Address,
  tls: ListenerTls | undefined,
  onRequest: OnRequest,
  log: Logger,
): Promise<HttpListener> {
  const { server, close } = await serverOf(tls, onRequest, log);
  server.maxConnections = HTTP.connectionsMax;
  const address = await taken(server, listen);
  return {
    address,
    async drain(drainMs) {
      close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      if (!(await within(drainMs, closed))) server.closeAllConnections();
    },
  };
}

async function serverOf(
  tls: ListenerTls | undefined,
  onRequest: OnRequest,
  log: Logger,
): Promise<{ server: Server; close: () => void }> {
  if (tls === undefined) {
    return { server: createServer(LIMITS, onRequest), close: () => undefined };
  }
  const files = await followTlsFiles(tls, log);
  const options = {
    ...LIMITS,
    ...tlsContext(files.first),
    handshakeTimeout: HTTP.handshakeMs,
    requestCert: tls.clientCaFile !== undefined,
    rejectUnauthorized: tls.clientCaFile !== undefined,
  };
  const server = createTlsServer(options, onRequest);
  files.onChange((material) => server.setSecureContext(tlsContext(material)));
  return { server, close: files.close };
}

function taken(server: Server, { host, port }: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`the console could not listen on ${host}:${port}`, { cause }));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      const bound = typeof address === 'object' ? (address?.port ?? port) : port;
      resolve(`${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}
