/**
 * Bytes of a file as text of the encoding that was named. A rejects file is UTF-8 whatever the
 * file was, and is sent with the same options: so the byte order mark of UTF-8, with which it then
 * begins, says more than --encoding.
 */
import { TextDecoder } from 'node:util';
import { CommandError } from './command-context.ts';

export type TextReader = Pick<TextDecoder, 'decode'>;

const UTF_8 = 'utf-8';
const MARK = Buffer.from('\ufeff');

/** Throws, at a decode, what is no text of its encoding. */
export function textDecoder(encoding: string): TextReader {
  const named = decoderOf(encoding);
  let first = Buffer.alloc(0);
  let chosen: TextDecoder | undefined;
  return {
    decode(chunk, options) {
      if (chosen !== undefined) return chosen.decode(chunk, options);
      first = Buffer.concat([first, bytesOf(chunk)]);
      const isLast = options?.stream !== true;
      if (first.length < MARK.length && !isLast) return '';
      chosen = first.subarray(0, MARK.length).equals(MARK) ? decoderOf(UTF_8) : named;
      return chosen.decode(first, options);
    },
  };
}

/** What a text begins with that is written in UTF-8 beside one of this encoding. */
export function markOf(encoding: string): string {
  return decoderOf(encoding).encoding === UTF_8 ? '' : String(MARK);
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw new CommandError(`no encoding ${encoding}`, undefined, error);
  }
}

function bytesOf(chunk: NodeJS.ArrayBufferView | ArrayBuffer | null | undefined): Uint8Array {
  if (chunk === null || chunk === undefined) return new Uint8Array();
  if (!ArrayBuffer.isView(chunk)) return new Uint8Array(chunk);
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
