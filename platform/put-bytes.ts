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
