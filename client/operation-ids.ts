/**
 * Gives a command without an operation id one of its own, before the channel's retries: a command
 * that is sent again is then known as the same, and an answer that was lost does no harm.
 */
import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { uuidV7 } from '#platform/uuid.ts';

/** Asks for the operation that it names: an empty id is the caller's mistake. */
const LOOK_UP = '/GetOperation';

export const operationIds: Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  if (options.method_definition.path.endsWith(LOOK_UP)) return new InterceptingCall(call);
  return new InterceptingCall(call, {
    sendMessage: (message: unknown, next: (message: unknown) => void) => {
      next(withOperationId(message));
    },
  });
};

function withOperationId(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !('operationId' in message)) {
    return message;
  }
  return message.operationId === '' ? { ...message, operationId: uuidV7() } : message;
}
