// Methods of the contract that are not built yet: every method of a service that has no handler
// answers UNIMPLEMENTED with its name.
import { status } from '@grpc/grpc-js';
import type {
  MethodDefinition,
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
  const missing = refusingAll(definition, ({ path }) => {
    return new RpcError(status.UNIMPLEMENTED, `${path.slice(1)} is not served yet`);
  });
  const handlers: UntypedServiceImplementation = {};
  for (const [name, refuse] of Object.entries(missing)) {
    handlers[name] = implemented[name] ?? refuse;
  }
  return handlers;
}

type Method = Pick<MethodDefinition<unknown, unknown>, 'path' | 'responseStream'>;

/** Every method of a service answers an error. */
export function refusingAll(
  definition: ServiceDefinition,
  errorOf: (method: Method) => RpcError,
): UntypedServiceImplementation {
  const methods = Object.entries(definition).map(([name, method]): [string, UntypedHandleCall] => {
    return [name, refusing(method, () => toServiceError(errorOf(method), silentLogger))];
  });
  return Object.fromEntries(methods);
}

function refusing({ responseStream }: Method, error: () => Error): UntypedHandleCall {
  if (responseStream) return (call: NodeJS.EventEmitter) => void call.emit('error', error());
  return (_call: unknown, callback: (error: Error) => void) => callback(error());
}
