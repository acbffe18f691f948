/**
 * A streaming call whose caller does not read: grpc-js' own client reads on by itself and buffers,
 * so this one speaks HTTP/2 and leaves the stream alone until it is told to read.
 */
import { connect, type ClientHttp2Stream } from 'node:http2';

export type UnreadCall = {
  /** Reads to the end: the messages that came. */
  readonly messages: () => Promise<number>;
  readonly cancel: () => void;
  /** One more call on the same connection, as little read. */
  readonly again: (request: Uint8Array) => void;
  /** The connection was ended, by either side. */
  readonly closed: Promise<void>;
  readonly close: () => void;
};

/** `path` is /package.Service/Method; the requests are all that is sent. */
export function openUnreadCall(
  address: string,
  path: string,
  ...requests: Uint8Array[]
): UnreadCall {
  const session = connect(`http://${address}`);
  const closed = new Promise<void>((resolve) => session.once('close', resolve));
  session.on('error', () => undefined); // a caller that was cut off
  const send = (messages: readonly Uint8Array[]): ClientHttp2Stream => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    stream.end(Buffer.concat(messages.map(framed)));
    return stream;
  };
  const stream = send(requests);
  return {
    again: (request) => void send([request]),
    closed,
    messages: async () => countMessages(await readAll(stream)),
    cancel: () => stream.close(8), // CANCEL
    close: () => session.destroy(),
  };
}

const FRAME_BYTES = 5;

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_BYTES);
  return frame;
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function countMessages(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count++) at += FRAME_BYTES + bytes.readUInt32BE(at + 1);
  return count;
}
