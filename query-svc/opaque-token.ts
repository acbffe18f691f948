/**
 * Tokens that callers hand back: opaque text that carries a few bytes, bound to the request that
 * it came from. A token of another request, or one that was changed, decodes to undefined. The
 * binding guards against mistakes, not against forgery: what a token carries is never more than
 * its caller may see or say anyway.
 */
import { createHash } from 'node:crypto';

const FORMAT = 1;
const BINDING_BYTES = 8;
const HEAD_BYTES = 1 + BINDING_BYTES;
const PAYLOAD_BYTES_MAX = 256;
const TEXT_LENGTH_MAX = Math.ceil(((HEAD_BYTES + PAYLOAD_BYTES_MAX) * 4) / 3);

/** `subject`: all fields of the request that choose what the answer holds. */
export function encodeToken(subject: readonly string[], payload: Buffer): string {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FORMAT, 0);
  bindingOf(subject, payload).copy(head, 1);
  return Buffer.concat([head, payload]).toString('base64url');
}

/** The payload; undefined when the token is not of this subject or has another size. */
export function decodeToken(
  subject: readonly string[],
  token: string,
  payloadBytes: number,
): Buffer | undefined {
  if (token.length > TEXT_LENGTH_MAX) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== HEAD_BYTES + payloadBytes) return undefined;
  if (bytes.toString('base64url') !== token || bytes[0] !== FORMAT) return undefined;
  const payload = bytes.subarray(HEAD_BYTES);
  const known = bytes.subarray(1, HEAD_BYTES).equals(bindingOf(subject, payload));
  return known ? payload : undefined;
}

function bindingOf(subject: readonly string[], payload: Buffer): Buffer {
  const text = JSON.stringify([...subject, payload.toString('base64url')]);
  return createHash('sha256').update(text).digest().subarray(0, BINDING_BYTES);
}
