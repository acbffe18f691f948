/**
 * Messages that have come in part, over all streams of a server. grpc-js keeps their bytes until
 * they are whole, each up to the limit of a message, and bounds their sum by nothing: a thousand
 * calls that each hold back the last byte would be gigabytes. Over the budget the stream that has
 * been at one message for the longest is reset: what is honest is whole soon.
 */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';

type Stream = Pick<ServerHttp2Stream, 'on' | 'once' | 'close'>;

export type PartialMessages = {
  watch(stream: Stream): void;
  bytes(): number;
};

/** `onReset`: a stream gave way. */
export function createPartialMessages(bytesMax: number, onReset: () => void): PartialMessages {
  /** By the time at which the message in hand began. */
  const held = new Map<Stream, number>();
  let sum = 0;

  const set = (stream: Stream, bytes: number, isNew: boolean): void => {
    sum += bytes - (held.get(stream) ?? 0);
    if (isNew || bytes === 0) held.delete(stream);
    if (bytes > 0) held.set(stream, bytes);
  };
  /** The longest at their message first. */
  const fitBudget = (): void => {
    for (const oldest of held.keys()) {
      if (sum <= bytesMax) return;
      set(oldest, 0, false);
      onReset();
      oldest.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };
  return {
    bytes: () => sum,
    watch(stream) {
      const message = new PartialMessage();
      stream.on('data', (chunk: Buffer) => {
        const isNew = message.take(chunk);
        if (message.bytes > 0 || held.has(stream)) set(stream, message.bytes, isNew);
        if (sum > bytesMax) fitBudget();
      });
      stream.once('close', () => set(stream, 0, false));
    },
  };
}

const HEAD_BYTES = 5;

/** How much has come of the message in hand: one byte, its length in four, its content. */
class PartialMessage {
  bytes = 0;
  #length = 0;

  /** True when the message in hand began in this chunk. */
  take(chunk: Buffer): boolean {
    let isNew = this.bytes === 0;
    for (let at = 0; at < chunk.length;) {
      if (this.bytes < HEAD_BYTES) {
        const byte = chunk[at] ?? 0;
        this.#length = this.bytes === 0 ? 0 : this.#length * 256 + byte;
        this.bytes += 1;
        at += 1;
      } else {
        const part = Math.min(HEAD_BYTES + this.#length - this.bytes, chunk.length - at);
        this.bytes += part;
        at += part;
      }
      if (this.bytes >= HEAD_BYTES && this.bytes === HEAD_BYTES + this.#length) {
        this.bytes = 0;
        isNew = true;
      }
    }
    return isNew;
  }
}
