/**
 * Ids of what a request makes and does not name: from its operation or from its place in a
 * submission, so that a repeated request makes the same. They are stored: how they are derived may
 * never change.
 */
import { createHash } from 'node:crypto';
import { uuidFromBytes } from '#platform/uuid.ts';

/** What has an id of its own. */
export type Made = 'account' | 'hold';

export type NewId = (made: Made) => string;

/** A resent item must make the same: its id comes from its place in the submission. */
export function idOfItem(
  made: Made,
  tenant: string,
  submissionId: string,
  itemIndex: number,
): string {
  return derivedId(made, 'item', tenant, submissionId, String(itemIndex));
}

/** `scope`: in what the operation id is unique. */
export function idOfOperation(made: Made, ...scope: readonly string[]): string {
  return derivedId(made, 'operation', ...scope);
}

/** A UUID of version 8 over the parts. */
function derivedId(made: Made, ...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of [`bank.v1 ${made}`, ...parts]) {
    hash.update(`${Buffer.byteLength(part)}:${part}`);
  }
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidFromBytes(bytes);
}
