/**
 * The first of a file's readings: is it text of its encoding, how many lines has it, and what is
 * its SHA-256. Nothing is sent before that: a file in another encoding, or cut off within its
 * compression, costs nothing.
 */
import { createHash } from 'node:crypto';
import type { BulkInput } from './bulk-input.ts';
import { textDecoder, type TextReader } from './bulk-text.ts';
import { CommandError } from './command-context.ts';

export type Fingerprint = {
  /** Of the unpacked bytes, in hex. */
  readonly sha256: string;
  readonly lines: number;
};

const LINE_FEED = 10;
const HASH_CHARACTERS = 24;
const NAME_CHARACTERS_MAX = 80;

export async function fingerprint(
  { bytes }: BulkInput,
  encoding: string,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const hash = createHash('sha256');
  const decoder = textDecoder(encoding);
  let lines = 0;
  let rest = false;
  for await (const chunk of bytes()) {
    signal.throwIfAborted();
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a file gives bytes');
    hash.update(chunk);
    check(decoder, chunk, encoding, lines);
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) lines++;
    rest = chunk.at(-1) !== LINE_FEED;
  }
  check(decoder, undefined, encoding, lines);
  return { sha256: hash.digest('hex'), lines: lines + (rest ? 1 : 0) };
}

function check(
  decoder: TextReader,
  chunk: Uint8Array | undefined,
  encoding: string,
  line: number,
): void {
  try {
    if (chunk === undefined) decoder.decode();
    else decoder.decode(chunk, { stream: true });
  } catch (error) {
    const hint = 'name it by --encoding, as windows-1252';
    const message = `the file is no ${encoding} text, somewhere behind line ${line}: ${hint}`;
    throw new CommandError(message, undefined, error);
  }
}

/**
 * The submission that a file is by itself: of its name and its content, so that the same file sent
 * again, or in another compression, is the same submission and pays nobody twice.
 */
export function submissionIdOf(name: string, kind: string, { sha256 }: Fingerprint): string {
  const stem = name.replace(/\.[^.]*$/, '').replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  const parts = [stem.slice(0, NAME_CHARACTERS_MAX), sha256.slice(0, HASH_CHARACTERS)];
  if (kind !== 'deposits') parts.splice(1, 0, kind);
  return parts.join('-');
}
