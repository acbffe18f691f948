/**
 * The gRPC server of a service: its limits (server-limits.ts), health, reflection, requests that
 * cannot be decoded, and an end that comes. Use: createGrpcServer; listen(), which answers
 * NOT_SERVING and UNAVAILABLE while the service waits for its parts; addService for each service;
 * open(); setServing when a part goes or comes back; drain at the end. serve() is listen and open
 * in one. Everything added by addService is listed by reflection and by health. With `tls` it
 * speaks TLS only (server-credentials.ts), else plaintext.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { createCallDoor } from './call-door.ts';
import { createCallGuard } from './call-guard.ts';
import { callTelemetry } from './call-telemetry.ts';
import type { Address } from './config.ts';
import { guardConnections } from './connection-guard.ts';
import { HEALTH_SERVICE, createHealth } from './grpc-health.ts';
import { createReflection } from './grpc-reflection.ts';
import { createServices } from './grpc-services.ts';
import { boundResets, http2ServersOf } from './http2-servers.ts';
import type { ListenerTls } from './listener-tls.ts';
import type { Logger } from './logger.ts';
import { createServerAccess, type AccessOptions } from './server-access.ts';
import { knowPeers } from './peer-certificate.ts';
import { loadCredentials, type LoadedCredentials } from './server-credentials.ts';
import { SERVER_LIMITS, type ServerLimits } from './server-limits.ts';
import { watchServer } from './server-metrics.ts';
import { countRefused, tooManyCalls } from './server-refusals.ts';
import { createStreamGuard } from './stream-guard.ts';
import type { Starting } from './not-started.ts';

export { unimplemented } from './unimplemented.ts';
export type { Starting } from './not-started.ts';

export type GrpcServerOptions = {
  log: Logger;
  limits?: Partial<ServerLimits>;
  /** Paths of unary methods whose calls may take long. */
  longMethods?: readonly string[];
  /** Default: plaintext. */
  tls?: ListenerTls | undefined;
  /** Who may call what. Default: whoever likes. */
  access?: AccessOptions;
  /** Sees each call before all others, and each status after them. */
  outermost?: ServerInterceptor | undefined;
};

export type GrpcServer = {
  server: Server;
  /**
   * Listens, and answers host:port with the port that was taken. Until open() health says
   * NOT_SERVING, and methods of these services UNAVAILABLE.
   */
  listen(address: Address, starting?: Starting): Promise<string>;
  /** Everything is added: health says SERVING. */
  open(): void;
  serve(address: Address): Promise<string>;
  /** Health of one service by its full name, or of all of them: ''. */
  setServing(service: string, serving: boolean): void;
  /**
   * Health says NOT_SERVING, new calls are refused, running ones may end; what is left after
   * graceMs is cut. May be called again.
   */
  drain(graceMs: number): Promise<void>;
  /** What callers hold here now. */
  held(): ServerHeld;
};

export type ServerHeld = {
  inHand: number;
  open: number;
  partialBytes: number;
  unsentBytes: number;
};

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { log, longMethods = [], tls, outermost } = options;
  const limits = { ...SERVER_LIMITS, ...options.limits };
  const calls = createCallGuard(limits, longMethods);
  const access = createServerAccess(options.access ?? {}, log);
  const streams = createStreamGuard(limits, log);
  const isFull = (): boolean => calls.counts().inHand >= limits.callsMax;
  const door = createCallDoor(isFull, tooManyCalls(limits), () => countRefused('calls'));
  // The first one is asked first.
  const guards = [callTelemetry, calls.interceptor, access.interceptor];
  const interceptors = outermost === undefined ? guards : [outermost, ...guards];
  const server = new Server({ ...channelOptions(limits), interceptors });
  boundResets(server, limits);
  const health = createHealth();
  const held = (): ServerHeld => ({ ...calls.counts(), ...streams.held() });
  const unwatch = watchServer({ held, isServing: health.isServing });
  let stopReloading = (): void => undefined;
  const services = createServices(server, (definition, name) => {
    access.add(definition);
    door.add(definition);
    health.add(name);
  });
  const grpc: GrpcServer = {
    server,
    listen: async (address, waiting) => {
      if (waiting !== undefined) services.announce(waiting);
      await access.open();
      services.add(health.definition, health.handlers);
      const listed = () => [...services.names(), HEALTH_SERVICE];
      const reflection = await createReflection(log, limits.requestMs, listed);
      for (const one of reflection.definitions) services.add(one, reflection.handlers);
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      const { credentials, close } = await credentialsOf(tls, log);
      stopReloading = close;
      const port = await bind(server, `${host}:${address.port}`, credentials);
      for (const one of http2ServersOf(server)) {
        guardConnections(one, limits, log);
        knowPeers(one);
        streams.guard(one);
        door.guard(one);
      }
      return `${host}:${port}`;
    },
    open: () => health.open(),
    serve: async (address) => {
      const served = await grpc.listen(address);
      grpc.open();
      return served;
    },
    setServing: (service, serving) => health.set(service, serving),
    drain: async (graceMs) => {
      unwatch();
      stopReloading();
      health.close();
      calls.close();
      streams.close();
      access.close();
      if (await shutDown(server, graceMs)) return;
      log.warn('Calls were still running at the end of the grace and have been cut.', { graceMs });
      server.forceShutdown();
    },
    held,
  };
  return grpc;
}

function channelOptions(limits: ServerLimits) {
  return {
    'grpc.max_receive_message_length': limits.messageBytesMax,
    'grpc.max_concurrent_streams': limits.connectionStreamsMax,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': limits.connectionIdleMs,
    'grpc.max_connection_age_ms': limits.connectionAgeMaxMs,
    'grpc.max_connection_age_grace_ms': limits.connectionAgeGraceMs,
  };
}

function credentialsOf(tls: ListenerTls | undefined, log: Logger): Promise<LoadedCredentials> {
  if (tls !== undefined) return loadCredentials(tls, log);
  const plaintext = { credentials: ServerCredentials.createInsecure(), close: () => undefined };
  return Promise.resolve(plaintext);
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new Error(`could not listen on ${address}`, { cause: error }));
    });
  });
}

/** Answers whether all calls had ended before the grace was over. */
function shutDown(server: Server, graceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
