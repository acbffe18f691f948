// The gRPC server of a service: limits that grpc-js does not set by itself, health, reflection, and
// an end that comes. Use: createGrpcServer, server.addService(...) for each service,
// serve(address), setServing when a part goes or comes back, drain at the end. Everything added by
// addService is listed by reflection and by health.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Address } from './config.ts';
import { HEALTH_SERVICE, createHealth } from './grpc-health.ts';
import { createReflection } from './grpc-reflection.ts';
import type { Logger } from './logger.ts';

export { unimplemented } from './unimplemented.ts';

const LIMITS = {
  maxReceiveBytes: 8 * 1024 * 1024,
  maxConcurrentStreams: 1000, // a connection
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  maxConnectionAgeMs: 30 * 60_000,
  maxConnectionAgeGraceMs: 10 * 60_000,
} as const;

export type GrpcServerOptions = { log: Logger } & { [K in keyof typeof LIMITS]?: number };

export type GrpcServer = {
  server: Server;
  /** Starts to serve; answers host:port with the port that was taken. */
  serve(address: Address): Promise<string>;
  /** Health of one service by its full name; '' is serving when all of them are. */
  setServing(service: string, serving: boolean): void;
  /**
   * Health says NOT_SERVING, new calls are refused, running ones may end; what is left after
   * graceMs is cut.
   */
  drain(graceMs: number): Promise<void>;
};

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { log } = options;
  const server = new Server(channelOptions({ ...LIMITS, ...options }));
  const health = createHealth();
  const names: string[] = [];
  const addService = server.addService.bind(server);
  server.addService = (definition: ServiceDefinition, handlers: UntypedServiceImplementation) => {
    const name = serviceNameOf(definition);
    names.push(name);
    health.add(name);
    addService(definition, handlers);
  };
  return {
    server,
    serve: async (address) => {
      addService(health.definition, health.handlers);
      const reflection = await createReflection(log, [...names, HEALTH_SERVICE]);
      for (const one of reflection.definitions) addService(one, reflection.handlers);
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      const port = await bind(server, `${host}:${address.port}`);
      health.open();
      return `${host}:${port}`;
    },
    setServing: (service, serving) => health.set(service, serving),
    drain: async (graceMs) => {
      health.close();
      if (await shutDown(server, graceMs)) return;
      log.warn('Calls were still running at the end of the grace and have been cut.', { graceMs });
      server.forceShutdown();
    },
  };
}

function channelOptions(limits: Record<keyof typeof LIMITS, number>) {
  return {
    'grpc.max_receive_message_length': limits.maxReceiveBytes,
    'grpc.max_concurrent_streams': limits.maxConcurrentStreams,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_age_ms': limits.maxConnectionAgeMs,
    'grpc.max_connection_age_grace_ms': limits.maxConnectionAgeGraceMs,
  };
}

function serviceNameOf(definition: ServiceDefinition): string {
  const path = Object.values(definition)[0]?.path ?? '';
  const name = /^\/([^/]+)\//.exec(path)?.[1];
  if (name === undefined) throw new Error('a service needs at least one method');
  return name;
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
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
