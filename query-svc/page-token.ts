/**
 * Page tokens by AIP-158: opaque text that says behind which version a list goes on, bound to the
 * filters of the list that it came from. A token of another list, or one that was changed, is a
 * violation of page_token.
 */
import { createHash } from 'node:crypto';

const FORMAT = 1;
const BINDING_BYTES = 8;
const TOKEN_BYTES = 1 + BINDING_BYTES + 8;

/** `filters` are all fields of the request that choose what the list holds. */
export function encodePageToken(filters: readonly string[], lastVersion: bigint): string {
  const bytes = Buffer.alloc(TOKEN_BYTES);
  bytes.writeUInt8(FORMAT, 0);
  bindingOf(filters, lastVersion).copy(bytes, 1);
  bytes.writeBigInt64BE(lastVersion, 1 + BINDING_BYTES);
  return bytes.toString('base64url');
}

/** The last version of the page before; undefined when the token is not of this list. */
export function decodePageToken(filters: readonly string[], token: string): bigint | undefined {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== token) return undefined;
  const lastVersion = bytes.readBigInt64BE(1 + BINDING_BYTES);
  const binding = bytes.subarray(1, 1 + BINDING_BYTES);
  const known = bytes[0] === FORMAT && binding.equals(bindingOf(filters, lastVersion));
  return known ? lastVersion : undefined;
}

function bindingOf(filters: readonly string[], lastVersion: bigint): Buffer {
  const text = JSON.stringify([...filters, lastVersion.toString()]);
  return createHash('sha256').update(text).digest().subarray(0, BINDING_BYTES);
}
