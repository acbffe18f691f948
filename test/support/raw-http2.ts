/**
 * HTTP/2 by hand, for callers that no library would be: frames as bytes on a socket, with nothing
 * done by itself, neither acknowledgements nor windows. What the server sends is cut into frames.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

export const FRAME = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;
export const CODE = {
  noError: 0,
  internalError: 2,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

export type RawFrame = { type: number; flags: number; stream: number; payload: Buffer };

export type RawConnection = {
  readonly frames: RawFrame[];
  /** Resolves when the server, or this side, has closed it. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
  send(type: number, flags: number, stream: number, payload?: Buffer): void;
  /** Begins a call; its streams are 1, 3, 5, ... */
  begin(stream: number, path: string, headers?: Record<string, string>): void;
  /** The code of the frame that ended the stream (RST_STREAM), or the connection (GOAWAY). */
  resetCode(stream: number): number | undefined;
  goAwayCode(): number | undefined;
  /** Takes nothing more from the socket. */
  stopReading(): void;
  close(): void;
};

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const HEAD_BYTES = 9;

export async function connectRaw(address: string, tls?: ConnectionOptions): Promise<RawConnection> {
  const host = address.slice(0, address.lastIndexOf(':'));
  const port = Number(address.split(':').at(-1));
  const secured = { host, port, ALPNProtocols: ['h2'], ...tls };
  const socket = tls === undefined ? connect({ host, port }) : connectTls(secured);
  const frames: RawFrame[] = [];
  let closed = false;
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void ended.then(() => (closed = true));
  socket.on('error', () => undefined); // the server may reset it: `closed` tells
  collectFrames(socket, frames);
  const connected = tls === undefined ? 'connect' : 'secureConnect';
  await new Promise<void>((resolve) => socket.once(connected, () => resolve()));
  const send: RawConnection['send'] = (type, flags, stream, payload = Buffer.alloc(0)) => {
    if (!socket.destroyed) socket.write(frame(type, flags, stream, payload));
  };
  socket.write(PREFACE);
  send(FRAME.settings, 0, 0);
  const codeOf = (type: number, stream: number, at: number): number | undefined =>
    frames.find((one) => one.type === type && one.stream === stream)?.payload.readUInt32BE(at);
  return {
    frames,
    closed: ended,
    isClosed: () => closed,
    send,
    begin: (stream, path, headers = {}) =>
      send(FRAME.headers, FLAG.endHeaders, stream, headerBlock({ ...headersOf(path), ...headers })),
    resetCode: (stream) => codeOf(FRAME.resetStream, stream, 0),
    goAwayCode: () => codeOf(FRAME.goAway, 0, 4),
    stopReading: () => void socket.pause(),
    close: () => void socket.destroy(),
  };
}

/** A gRPC message as a stream carries it. */
export function grpcMessage(bytes: Uint8Array, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head[0] = isCompressed ? 1 : 0;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function headersOf(path: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK's plainest form: literals that are not indexed. */
function headerBlock(headers: Record<string, string>): Buffer {
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [
      Buffer.of(0),
      lengthOf(name),
      Buffer.from(name),
      lengthOf(value),
      Buffer.from(value),
    ]),
  );
}

function lengthOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  for (let rest = length - 127; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function collectFrames(socket: Socket, frames: RawFrame[]): void {
  let waiting: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    for (;;) {
      const length = waiting.length < HEAD_BYTES ? Infinity : waiting.readUIntBE(0, 3);
      if (waiting.length < HEAD_BYTES + length) return;
      frames.push({
        type: waiting[3] ?? 0,
        flags: waiting[4] ?? 0,
        stream: waiting.readUInt32BE(5) & 0x7fffffff,
        payload: waiting.subarray(HEAD_BYTES, HEAD_BYTES + length),
      });
      waiting = waiting.subarray(HEAD_BYTES + length);
    }
  });
}
