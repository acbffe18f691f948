/**
 * The HTTP/2 servers that a grpc-js server listens with, as soon as it listens. grpc-js has limits
 * for calls but none for connections, pings or bytes that wait, and shows its HTTP/2 servers to
 * nobody; they stand in a private field of its, which is checked here, so that a service whose
 * grpc-js has changed does not start without its limits.
 */
import { Server as NetServer } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import type { ServerLimits } from './server-limits.ts';

export function http2ServersOf(server: Server): NetServer[] {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const found = servers instanceof Map ? [...servers.keys()] : [];
  const known = found.filter((one) => one instanceof NetServer);
  if (known.length > 0 && known.length === found.length) return known;
  throw new Error('grpc-js does not show the HTTP/2 servers that it listens with: limits are off');
}

/**
 * To be called before it listens. Node's own bound of resets is for a browser's requests: a gRPC
 * caller whose thousand calls meet their deadlines at once would lose its connection, and with it
 * all other calls.
 */
export function boundResets(
  server: Server,
  limits: Pick<ServerLimits, 'connectionResetsMax' | 'connectionResetsPerS'>,
): void {
  const options: unknown = Reflect.get(server, 'commonServerOptions');
  if (typeof options !== 'object' || options === null) {
    throw new Error('grpc-js does not show the options of its HTTP/2 servers: limits are off');
  }
  Object.assign(options, {
    streamResetBurst: limits.connectionResetsMax,
    streamResetRate: limits.connectionResetsPerS,
  });
}
