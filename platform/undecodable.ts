/**
 * Requests whose bytes are no message of their method. grpc-js answers them INTERNAL, as if the
 * server were at fault: here they reach their handler as an Undecodable, and the caller is told
 * INVALID_ARGUMENT. Streams of messages throw it where they are read (streaming.ts).
 */
import type {
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { invalidArgument, toServiceError, type RpcError } from './grpc-errors.ts';
import { silentLogger } from './logger.ts';

export class Undecodable {
  readonly #cause: unknown;

  constructor(cause: unknown) {
    this.#cause = cause;
  }

  get error(): RpcError {
    const why = this.#cause instanceof Error ? this.#cause.message : 'unreadable bytes';
    const description = `the request cannot be decoded: ${why}`;
    return invalidArgument([{ field: '', description }]);
  }
}

/** The service, with requests that cannot be decoded handed on as such. */
export function withSafeDecoding(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes);
      } catch (cause) {
        return new Undecodable(cause);
      }
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  return Object.fromEntries(methods);
}

/** The handlers, with those calls refused whose one request cannot be decoded. */
export function refusesUndecodable(
  definition: ServiceDefinition,
  handlers: UntypedServiceImplementation,
): UntypedServiceImplementation {
  const safe: UntypedServiceImplementation = { ...handlers };
  for (const [name, method] of Object.entries(definition)) {
    const handler = handlers[name];
    if (handler !== undefined && !method.requestStream) safe[name] = refusing(handler);
  }
  return safe;
}

type Call = NodeJS.EventEmitter & { readonly request: unknown };
type Callback = (error: Error) => void;

function refusing(handler: UntypedHandleCall): UntypedHandleCall {
  return (call: Call, callback?: Callback): void => {
    if (!(call.request instanceof Undecodable)) {
      void Reflect.apply(handler, undefined, [call, callback]);
      return;
    }
    const error = toServiceError(call.request.error, silentLogger);
    if (callback === undefined) call.emit('error', error);
    else callback(error);
  };
}
