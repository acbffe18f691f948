/**
 * How item indexes stand in stored bytes: submission_batches.items (an outcome beside each index)
 * and SubmissionPart.accepted_indexes (indexes alone). Both are varints over the distance to the
 * index before, so that a payroll's row costs little more than a byte an item. Assumes ascending
 * safe integers; throws RangeError for anything else, and for bytes that no encoder here wrote.
 */

export const ACCEPTED = 0;
export const REJECTED = 1;
export const REPLAYED = 2;
export type StoredOutcome = typeof ACCEPTED | typeof REJECTED | typeof REPLAYED;

/** Varints of `(distance << 2) | outcome`, the first distance counted from 0. */
export function encodeStoredItems(
  indexes: readonly number[],
  outcomes: readonly StoredOutcome[],
): Uint8Array {
  if (indexes.length !== outcomes.length) {
    throw new RangeError(`${indexes.length} indexes beside ${outcomes.length} outcomes`);
  }
  const bytes = new Uint8Array(indexes.length * VARINT_BYTES_MAX);
  let length = 0;
  let previous = 0;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] ?? Number.NaN;
    const distance = distanceTo(index, previous, i);
    // The 7 low bits hold the outcome and 5 bits of the distance: no shift can leave the safe
    // integers.
    const low = (distance % 32) * 4 + (outcomes[i] ?? ACCEPTED);
    length = writeVarint(bytes, length, low, Math.floor(distance / 32));
    previous = index;
  }
  return bytes.slice(0, length);
}

export function decodeStoredItems(bytes: Uint8Array): {
  indexes: number[];
  outcomes: StoredOutcome[];
} {
  const indexes: number[] = [];
  const outcomes: StoredOutcome[] = [];
  visitStoredItems(bytes, (index, outcome) => {
    indexes.push(index);
    outcomes.push(outcome);
  });
  return { indexes, outcomes };
}

/**
 * The same without arrays: `visit` gets each item in order, with its place among the row's items.
 */
export function visitStoredItems(
  bytes: Uint8Array,
  visit: (index: number, outcome: StoredOutcome, place: number) => void,
): void {
  let index = 0;
  let offset = 0;
  for (let place = 0; offset < bytes.length; place++) {
    const first = bytes[offset++] ?? 0;
    const outcome = outcomeOf(first & 3);
    let distance = (first & 0x7f) >>> 2;
    let unit = 32;
    let more = first > 0x7f;
    while (more) {
      const byte = nextByte(bytes, offset++);
      distance += (byte & 0x7f) * unit;
      unit *= 128;
      more = byte > 0x7f;
    }
    index = ascend(index, distance, place);
    visit(index, outcome, place);
  }
}

/** Varints of distances, the first index as it is. */
export function encodeIndexes(indexes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(indexes.length * VARINT_BYTES_MAX);
  let length = 0;
  let previous = 0;
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] ?? Number.NaN;
    const distance = distanceTo(index, previous, i);
    length = writeVarint(bytes, length, distance % 128, Math.floor(distance / 128));
    previous = index;
  }
  return bytes.slice(0, length);
}

export function decodeIndexes(bytes: Uint8Array): number[] {
  const indexes: number[] = [];
  let index = 0;
  let offset = 0;
  while (offset < bytes.length) {
    let distance = 0;
    let unit = 1;
    let byte: number;
    do {
      byte = nextByte(bytes, offset++);
      distance += (byte & 0x7f) * unit;
      unit *= 128;
    } while (byte > 0x7f);
    index = ascend(index, distance, indexes.length);
    indexes.push(index);
  }
  return indexes;
}

/** 55 bits at most: a safe integer and two bits of outcome. */
const VARINT_BYTES_MAX = 8;

function distanceTo(index: number, previous: number, place: number): number {
  const distance = index - previous;
  if (!Number.isSafeInteger(index) || distance < 0 || (distance === 0 && place > 0)) {
    throw new RangeError(`item index ${index} at place ${place} does not ascend from ${previous}`);
  }
  return distance;
}

function ascend(index: number, distance: number, place: number): number {
  const next = index + distance;
  if (!Number.isSafeInteger(next) || (distance === 0 && place > 0)) {
    throw new RangeError(`stored item index at place ${place} does not ascend from ${index}`);
  }
  return next;
}

function writeVarint(bytes: Uint8Array, offset: number, low7: number, rest: number): number {
  let length = offset;
  let byte = low7;
  let left = rest;
  while (left > 0) {
    bytes[length++] = byte | 0x80;
    byte = left % 128;
    left = Math.floor(left / 128);
  }
  bytes[length++] = byte;
  return length;
}

function nextByte(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined)
    throw new RangeError(`stored item indexes end within a number at byte ${offset}`);
  return byte;
}

function outcomeOf(bits: number): StoredOutcome {
  if (bits === ACCEPTED || bits === REJECTED || bits === REPLAYED) return bits;
  throw new RangeError(`stored outcome ${bits} is unknown`);
}
