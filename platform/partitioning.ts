// Which partition of the log an account or a submission belongs to: FNV-1a (32 bit) modulo the
// partition count. The numbers are stored in every row of the log: the functions here may never
// change.
import { uuidToBytes } from './uuid.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const idBytes = new Uint8Array(16);

/**
 * The partition of an account: over the 16 bytes of its id. Throws a RangeError when it is no UUID.
 */
export function partitionOfAccount(accountId: string, partitionCount: number): number {
  uuidToBytes(accountId, idBytes, 0);
  return partitionOfId(idBytes, partitionCount);
}

/** The same, from the 16 bytes. */
export function partitionOfId(bytes: Uint8Array, partitionCount: number): number {
  return fnv1a(bytes) % partitionCount;
}

/** The partition of a text: over its UTF-8 bytes. */
export function partitionOfText(text: string, partitionCount: number): number {
  return fnv1a(Buffer.from(text, 'utf8')) % partitionCount;
}

export function fnv1a(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), FNV_PRIME);
  return hash >>> 0;
}
