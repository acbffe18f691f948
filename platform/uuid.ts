// UUIDs as text and as 16 bytes, on the hottest path (several times an item): tables instead of
// expressions. Canonical text is lower case, 8-4-4-4-12. Conversion to bytes takes either case and
// throws a RangeError for anything else; isUuid and canonicalUuid never throw.
import { randomFillSync } from 'node:crypto';

const TEXT_LENGTH = 36;
const DASH = 45;
const BAD = 255;

/** Where each byte's two digits start in the text. */
const DIGIT_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const VALUE_OF_CHAR = buildCharTable();
const TEXT_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function isUuid(text: string): boolean {
  if (text.length !== TEXT_LENGTH || !hasDashes(text)) return false;
  let worst = 0;
  for (const at of DIGIT_AT) worst |= digitPair(text, at);
  return worst <= 255;
}

/** The canonical form of a UUID in either case; undefined when it is none. */
export function canonicalUuid(text: string): string | undefined {
  return isUuid(text) ? text.toLowerCase() : undefined;
}

/** Writes the 16 bytes of a UUID into target (a new array by default) and answers target. */
export function uuidToBytes(text: string, target?: Uint8Array, offset = 0): Uint8Array {
  const bytes = target ?? new Uint8Array(16);
  if (text.length !== TEXT_LENGTH || !hasDashes(text)) throw notUuid(text);
  let worst = 0;
  for (let i = 0; i < 16; i++) {
    const value = digitPair(text, DIGIT_AT[i] ?? 0);
    worst |= value;
    bytes[offset + i] = value;
  }
  if (worst > 255) throw notUuid(text);
  return bytes;
}

/** The canonical text of the 16 bytes at offset. */
export function uuidFromBytes(bytes: Uint8Array, offset = 0): string {
  if (bytes.length < offset + 16) throw new RangeError(`16 bytes expected at ${offset}`);
  const pair = (i: number): string => TEXT_OF_BYTE[bytes[offset + i] ?? 0] ?? '';
  return (
    pair(0) +
    pair(1) +
    pair(2) +
    pair(3) +
    '-' +
    pair(4) +
    pair(5) +
    '-' +
    pair(6) +
    pair(7) +
    '-' +
    pair(8) +
    pair(9) +
    '-' +
    pair(10) +
    pair(11) +
    pair(12) +
    pair(13) +
    pair(14) +
    pair(15)
  );
}

const random = Buffer.alloc(10);
let lastMs = 0;
let counter = 0;

/** A new time-ordered UUID (version 7); within a process each is greater than the one before. */
export function uuidV7(): string {
  randomFillSync(random);
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    counter = random.readUInt16BE(0) & 0x07ff;
  } else if (++counter > 0x0fff) {
    lastMs++;
    counter = 0;
  }
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(lastMs / 0x10000));
  view.setUint16(4, lastMs % 0x10000);
  view.setUint16(6, 0x7000 | counter);
  bytes.set(random.subarray(2), 8);
  bytes[8] = 0x80 | ((random[2] ?? 0) & 0x3f);
  return uuidFromBytes(bytes);
}

function hasDashes(text: string): boolean {
  return (
    text.charCodeAt(8) === DASH &&
    text.charCodeAt(13) === DASH &&
    text.charCodeAt(18) === DASH &&
    text.charCodeAt(23) === DASH
  );
}

/** The value of two digits; above 255 when one of them is none. */
function digitPair(text: string, at: number): number {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  if (high > 127 || low > 127) return 256;
  const a = VALUE_OF_CHAR[high] ?? BAD;
  const b = VALUE_OF_CHAR[low] ?? BAD;
  return a === BAD || b === BAD ? 256 : a * 16 + b;
}

function buildCharTable(): Uint8Array {
  const table = new Uint8Array(128).fill(BAD);
  for (const [value, char] of '0123456789abcdef'.split('').entries()) {
    table[char.charCodeAt(0)] = value;
    table[char.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

function notUuid(text: string): RangeError {
  return new RangeError(`not a UUID: ${JSON.stringify(text.slice(0, 40))}`);
}
