/**
 * One call of any method with messages that are bytes. A stream that does not end is left after its
 * first answer, or by its deadline. Answers are decoded: what a server sends must be a message.
 */
import { fromBinary, type DescMethod } from '@bufbuild/protobuf';
import {
  Metadata,
  status,
  type Client,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';

export type FuzzAnswer = {
  readonly code: status;
  readonly message: string;
  readonly responses: readonly unknown[];
};

const COMMAND_MS = 15_000;
/** Of what may wait for something that never comes: a version, a change, an event. */
const WAITING_MS = 300;
const WAITING_SERVICES = ['AccountQueryService', 'ProjectorService', 'EventLogService'];

export function fuzzCall(
  client: Client,
  method: DescMethod,
  messages: readonly Buffer[],
): Promise<FuzzAnswer> {
  const path = `/${method.parent.typeName}/${method.name}`;
  const asItIs = (bytes: Buffer): Buffer => bytes;
  const responses: unknown[] = [];
  const take = (bytes: Buffer): void => {
    responses.push(fromBinary(method.output, bytes));
  };
  const isWaiting = WAITING_SERVICES.includes(method.parent.name) || method.name === 'Watch';
  const options = { deadline: Date.now() + (isWaiting ? WAITING_MS : COMMAND_MS) };
  const [first = Buffer.alloc(0)] = messages;
  return new Promise((resolve, reject) => {
    const end = (error: ServiceError | null): void =>
      resolve({ code: error?.code ?? status.OK, message: error?.details ?? '', responses });
    const answered = (error: ServiceError | null, bytes?: Buffer): void => {
      orReject(() => bytes !== undefined && take(bytes), reject);
      end(error);
    };
    const read = (call: ClientReadableStream<Buffer>, stop: () => void): void => {
      call.on('data', (bytes: Buffer) => {
        orReject(() => take(bytes), reject);
        stop();
      });
      call.on('end', () => end(null));
      call.on('error', end);
    };
    const metadata = new Metadata();
    if (method.methodKind === 'unary') {
      client.makeUnaryRequest(path, asItIs, asItIs, first, metadata, options, answered);
    } else if (method.methodKind === 'client_streaming') {
      const call = client.makeClientStreamRequest(
        path,
        asItIs,
        asItIs,
        metadata,
        options,
        answered,
      );
      for (const message of messages) call.write(message);
      call.end();
    } else if (method.methodKind === 'server_streaming') {
      const call = client.makeServerStreamRequest(path, asItIs, asItIs, first, metadata, options);
      read(call, () => call.cancel());
    } else {
      const call = client.makeBidiStreamRequest(path, asItIs, asItIs, metadata, options);
      for (const message of messages) call.write(message);
      call.end();
      read(call, () => undefined);
    }
  });
}

function orReject(take: () => unknown, reject: (error: unknown) => void): void {
  try {
    take();
  } catch (error) {
    reject(error);
  }
}
