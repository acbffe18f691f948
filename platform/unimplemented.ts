// Methods of the contract that are not built yet: every method of a service that has no handler
// answers UNIMPLEMENTED with its name.
import { status } from '@grpc/grpc-js';
import type {
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { RpcError, toServiceError } from './grpc-errors.ts';
import { silentLogger } from './logger.ts';

/** The implementation with all that is missing filled in. */
export function unimplemented<Service extends UntypedServiceImplementation>(
  definition: ServiceDefinition<Service>,
  implemented: Partial<Service>,
): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(definition)) {
    handlers[name] = implemented[name] ?? refuse(method.path, method.responseStream);
  }
  return handlers;
}

function refuse(path: string, responseStream: boolean): UntypedHandleCall {
  const error = () =>
    toServiceError(
      new RpcError(status.UNIMPLEMENTED, `${path.slice(1)} is not served yet`),
      silentLogger,
    );
  if (responseStream) return (call: NodeJS.EventEmitter) => void call.emit('error', error());
  return (_call: unknown, callback: (error: Error) => void) => callback(error());
}
