/**
 * The services of a gRPC server by their full names: those that are added by server.addService, and
 * before them their stand-ins, which answer UNAVAILABLE while the service waits for its parts.
 * Requests that cannot be decoded are refused in all of them.
 */
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { notStarted, type Starting } from './not-started.ts';
import { refusesUndecodable, withSafeDecoding } from './undecodable.ts';

export type GrpcServices = {
  /** Health and reflection: of the server itself, not among the names. */
  add(definition: ServiceDefinition, handlers: UntypedServiceImplementation): void;
  announce(waiting: Starting): void;
  names(): string[];
};

/** `onAdded`: a service is about to be added, with its full name. */
export function createServices(
  server: Server,
  onAdded: (definition: ServiceDefinition, name: string) => void,
): GrpcServices {
  const names = new Set<string>();
  const starting = new Set<string>();
  const addToServer = server.addService.bind(server);
  const add: GrpcServices['add'] = (definition, handlers) =>
    addToServer(withSafeDecoding(definition), refusesUndecodable(definition, handlers));
  server.addService = (definition: ServiceDefinition, handlers: UntypedServiceImplementation) => {
    const name = serviceNameOf(definition);
    if (starting.delete(name)) server.removeService(definition);
    names.add(name);
    onAdded(definition, name);
    add(definition, handlers);
  };
  return {
    add,
    announce(waiting) {
      for (const definition of waiting.services) {
        server.addService(definition, notStarted(definition, waiting));
        starting.add(serviceNameOf(definition));
      }
    },
    names: () => [...names],
  };
}

function serviceNameOf(definition: ServiceDefinition): string {
  const path = Object.values(definition)[0]?.path ?? '';
  const name = /^\/([^/]+)\//.exec(path)?.[1];
  if (name === undefined) throw new Error('a service needs at least one method');
  return name;
}
