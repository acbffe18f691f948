/** A stream of any method that its caller leaves open: how it ends, whoever ends it. */
import { fromJson, toBinary, type DescMethod } from '@bufbuild/protobuf';
import { Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import type { JsonObject } from '#test/support/contract-methods.ts';

/** Sends one message, and waits for the end. */
export function holdStream(
  address: string,
  method: DescMethod,
  request: JsonObject,
  metadata: Metadata,
): Promise<{ code: number; message: string }> {
  const client = new Client(address, credentials.createInsecure());
  const path = `/${method.parent.typeName}/${method.name}`;
  const bytes = Buffer.from(toBinary(method.input, fromJson(method.input, request)));
  const same = (given: Buffer): Buffer => given;
  return new Promise<{ code: number; message: string }>((resolve) => {
    const end = (error: ServiceError | null): void =>
      resolve({ code: error?.code ?? 0, message: error?.details ?? '' });
    if (method.methodKind === 'client_streaming') {
      client.makeClientStreamRequest(path, same, same, metadata, end).write(bytes);
      return;
    }
    if (method.methodKind === 'bidi_streaming') {
      const both = client.makeBidiStreamRequest(path, same, same, metadata);
      both.write(bytes);
      both.on('data', () => undefined);
      both.on('error', end);
      both.on('end', () => end(null));
      return;
    }
    const call = client.makeServerStreamRequest(path, same, same, bytes, metadata);
    call.on('data', () => undefined);
    call.on('error', end);
    call.on('end', () => end(null));
  }).finally(() => client.close());
}
