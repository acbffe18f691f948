/**
 * Page tokens by AIP-158: they say behind which version, or behind which account, a list goes on,
 * bound to the filters of the list that they came from. A token of another list, or one that was
 * changed, is a violation of page_token.
 */
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import { decodeToken, encodeToken } from './opaque-token.ts';

const VERSION_BYTES = 8;
const ID_BYTES = 16;

/** `filters` are all fields of the request that choose what the list holds. */
export function encodePageToken(filters: readonly string[], lastVersion: bigint): string {
  const payload = Buffer.alloc(VERSION_BYTES);
  payload.writeBigInt64BE(lastVersion);
  return encodeToken(filters, payload);
}

/** The last version of the page before; undefined when the token is not of this list. */
export function decodePageToken(filters: readonly string[], token: string): bigint | undefined {
  return decodeToken(filters, token, VERSION_BYTES)?.readBigInt64BE();
}

export function encodeAccountPageToken(filters: readonly string[], lastId: string): string {
  return encodeToken(filters, Buffer.from(uuidToBytes(lastId)));
}

/** The last account of the page before; undefined when the token is not of this list. */
export function decodeAccountPageToken(
  filters: readonly string[],
  token: string,
): string | undefined {
  const payload = decodeToken(filters, token, ID_BYTES);
  return payload === undefined ? undefined : uuidFromBytes(payload);
}
