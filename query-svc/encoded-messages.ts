/**
 * Messages of streams, encoded before they are sent: so that their size is known to whoever must
 * bound what is unsent, and one message to many callers is encoded once. A method whose messages
 * are given this way needs a serializer that knows them (`sendsEncoded`).
 */
import type { MethodDefinition } from '@grpc/grpc-js';

const encodings = new WeakMap<object, Buffer>();

export type Encoded<Message> = { readonly message: Message; readonly bytes: number };

export function encoded<Message extends object>(
  message: Message,
  encode: (message: Message) => { finish(): Uint8Array },
): Encoded<Message> {
  const bytes = Buffer.from(encode(message).finish());
  encodings.set(message, bytes);
  return { message, bytes: bytes.length };
}

/** The method, with what was encoded before sent as it is. */
export function sendsEncoded<Req, Res extends object>(
  method: MethodDefinition<Req, Res>,
): MethodDefinition<Req, Res> {
  const { responseSerialize } = method;
  return {
    ...method,
    responseSerialize: (message) => encodings.get(message) ?? responseSerialize(message),
  };
}
