/**
 * Bytes put into a buffer at a place, each answering where they end: what the writers of the
 * hottest path are made of. Short runs go by hand, which costs less than a call.
 */

const LOOP_BYTES_MAX = 96;

/** Copies and answers where the copy ends. A short one costs less by hand than a call. */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  const bytes = end - start;
  if (bytes > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, end), at);
    return at + bytes;
  }
  for (let i = 0; i < bytes; i++) target[at + i] = source[start + i] ?? 0;
  return at + bytes;
}

/** Writes a text that is ASCII and answers where it ends; undefined for any other text. */
export function writeAscii(text: string, target: Uint8Array, at: number): number | undefined {
  const { length } = text;
  if (length > LOOP_BYTES_MAX) return undefined;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return undefined;
    target[at + i] = code;
  }
  return at + length;
}

/** Big-endian; the low 32 bits of any whole number. */
export function putInt32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}

/** Writes the 16 bytes of a UUID as its canonical text, 36 characters. */
export function putUuidText(
  source: Uint8Array,
  start: number,
  target: Uint8Array,
  at: number,
): number {
  let to = at;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) target[to++] = DASH;
    const byte = source[start + i] ?? 0;
    target[to++] = HEX_DIGITS[byte >>> 4] ?? 0;
    target[to++] = HEX_DIGITS[byte & 15] ?? 0;
  }
  return to;
}

const DASH = 45;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
