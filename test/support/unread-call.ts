/**
 * A streaming call whose caller does not read: grpc-js' own client reads on by itself and buffers,
 * so this one speaks HTTP/2 and leaves the stream alone until it is told to read.
 */
import { connect } from 'node:http2';

export type UnreadCall = {
  /** Reads to the end: the messages that came. */
  readonly messages: () => Promise<number>;
  readonly cancel: () => void;
  readonly close: () => void;
};

/** `path` is /package.Service/Method; the requests are all that is sent. */
export function openUnreadCall(
  address: string,
  path: string,
  ...requests: Uint8Array[]
): UnreadCall {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  session.on('error', () => undefined); // a caller that was cut off
  stream.on('error', () => undefined);
  stream.end(Buffer.concat(requests.map(framed)));
  return {
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
