// UUIDs as text and as 16 bytes, on the hottest path (several times an item): tables instead of
// expressions. Canonical text is lower case, 8-4-4-4-12. Conversion to bytes takes either case and
// throws a RangeError for anything else; isUuid and canonicalUuid never throw.
import { randomFillSync } from 'node:crypto';

const TEXT_LENGTH = 36;
const DASH = 45;
const BAD = 256;
const SMALL_BIT = 0x20;

/** By character code: the digit's value, or BAD. */
const DIGIT = buildDigitTable();
const TEXT_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function isUuid(text: string): boolean {
  return readDigits(text, scratch, 0);
}

/** The canonical form of a UUID in either case; undefined when it is none. */
export function canonicalUuid(text: string): string | undefined {
  return readUuid(text, scratch);
}

/** The same, and writes its 16 bytes into target; for what is no UUID those mean nothing. */
export function readUuid(text: string, target: Uint8Array): string | undefined {
  if (!readDigits(text, target, 0)) return undefined;
  return hasCapitals(text) ? text.toLowerCase() : text;
}

/** Writes the 16 bytes of a UUID into target (a new array by default) and answers target. */
export function uuidToBytes(text: string, target?: Uint8Array, offset = 0): Uint8Array {
  const bytes = target ?? new Uint8Array(16);
  if (!readDigits(text, bytes, offset)) throw notUuid(text);
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
  return versionSeven(lastMs, counter);
}

/** A new UUID (version 7) of that moment: of one millisecond's, none is the greater by intent. */
export function uuidV7At(unixMs: number): string {
  randomFillSync(random);
  return versionSeven(Math.floor(unixMs), random.readUInt16BE(0) & 0x0fff);
}

const V7_TIME = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;

/** The millisecond of a canonical UUID of version 7; undefined for one of another version. */
export function uuidV7Ms(text: string): number | undefined {
  const [, high, low] = V7_TIME.exec(text) ?? [];
  return high === undefined || low === undefined ? undefined : Number(`0x${high}${low}`);
}

/** With the random bytes that were drawn last. */
function versionSeven(unixMs: number, afterTime: number): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(unixMs / 0x10000));
  view.setUint16(4, unixMs % 0x10000);
  view.setUint16(6, 0x7000 | afterTime);
  bytes.set(random.subarray(2), 8);
  bytes[8] = 0x80 | ((random[2] ?? 0) & 0x3f);
  return uuidFromBytes(bytes);
}

const scratch = new Uint8Array(16);

/** False for what is no UUID; then what it wrote means nothing. */
function readDigits(text: string, target: Uint8Array, offset: number): boolean {
  if (text.length !== TEXT_LENGTH || !hasDashes(text)) return false;
  let at = 0;
  let worst = 0;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) at += 1;
    const value = digit(text, at) * 16 + digit(text, at + 1);
    worst |= value;
    target[offset + i] = value;
    at += 2;
  }
  return worst < BAD;
}

function hasDashes(text: string): boolean {
  return (
    text.charCodeAt(8) === DASH &&
    text.charCodeAt(13) === DASH &&
    text.charCodeAt(18) === DASH &&
    text.charCodeAt(23) === DASH
  );
}

/** Of a UUID: its digits and small letters have the bit that its capitals lack. */
function hasCapitals(text: string): boolean {
  let all = SMALL_BIT;
  for (let at = 0; at < TEXT_LENGTH; at++) all &= text.charCodeAt(at);
  return all === 0;
}

/** BAD is a bit that no sum of two digits has, and that none of its multiples loses. */
function digit(text: string, at: number): number {
  return DIGIT[text.charCodeAt(at)] ?? BAD;
}

function buildDigitTable(): Uint16Array {
  const table = new Uint16Array(256).fill(BAD);
  for (const [value, char] of '0123456789abcdef'.split('').entries()) {
    table[char.charCodeAt(0)] = value;
    table[char.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

function notUuid(text: string): RangeError {
  return new RangeError(`not a UUID: ${JSON.stringify(text.slice(0, 40))}`);
}
