/**
 * The 8 bytes by which a repeated operation or a resent item is told from another one under the
 * same id: the first bytes of SHA-256 over the command's content. Stored beside events and items,
 * so the encoding may never change: a type byte, then each field in a fixed order, texts with their
 * length before them. Submission and index are left out: the same operation has the same hash sent
 * alone or in bulk.
 */
import { hash } from 'node:crypto';
import type { Command } from '#domain/account.ts';
import { putInt32, writeAscii } from '#platform/put-bytes.ts';

export const CONTENT_HASH_BYTES = 8;

/** The content of a command as its caller wrote it; also what a malformed item is known by. */
export type RawContent =
  | {
      readonly type: 'OpenAccount';
      readonly tenant: string;
      readonly accountId: string;
      readonly currencyCode: string;
      readonly owner: string;
      readonly overdraftLimitMinor: bigint;
      readonly labels: Readonly<Record<string, string>>;
      readonly operationId: string;
    }
  | {
      readonly type: 'Deposit';
      readonly accountId: string;
      readonly currencyCode: string;
      readonly amountMinor: bigint;
      readonly reference: string;
      readonly valueDate: string;
      readonly operationId: string;
    };

/** The hash of a valid command. */
export function contentHashOf(command: Command): string {
  return hashContent(command, command.operationId ?? '', VALID);
}

/** The hash of a malformed item, over what the caller wrote; never that of a valid command. */
export function rawContentHash(content: RawContent): string {
  return hashContent(content, content.operationId, MALFORMED);
}

/** Whether the 8 bytes at `offset` of stored hashes are these. */
export function sameContentHash(a: string, stored: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < CONTENT_HASH_BYTES; i++) {
    if (a.charCodeAt(i) !== stored[offset + i]) return false;
  }
  return true;
}

/** Writes the 8 bytes. */
export function putContentHash(hash: string, target: Uint8Array, offset: number): void {
  for (let i = 0; i < CONTENT_HASH_BYTES; i++) target[offset + i] = hash.charCodeAt(i);
}

const VALID = 0;
const MALFORMED = 128;
const TYPE_BYTE = { OpenAccount: 1, Deposit: 2 } as const;

type Content = Command | RawContent;

/** One buffer for all: nothing here waits, so no two contents are ever in it. */
const scratch = Buffer.allocUnsafe(4096);

function hashContent(content: Content, operationId: string, validity: number): string {
  const room = roomFor(content, operationId);
  const target = room <= scratch.length ? scratch : Buffer.allocUnsafe(room);
  target[0] = TYPE_BYTE[content.type] + validity;
  let length = putText(target, 1, content.accountId);
  length = putText(target, length, operationId);
  length = putText(target, length, content.currencyCode);
  if (content.type === 'Deposit') {
    length = target.writeBigInt64BE(content.amountMinor, length);
    length = putText(target, length, content.reference);
    length = putText(target, length, content.valueDate);
  } else {
    length = target.writeBigInt64BE(content.overdraftLimitMinor, length);
    length = putText(target, length, content.tenant);
    length = putText(target, length, content.owner);
    for (const key of Object.keys(content.labels).sort()) {
      length = putText(target, length, key);
      length = putText(target, length, content.labels[key] ?? '');
    }
  }
  return hash('sha256', target.subarray(0, length), 'binary').slice(0, CONTENT_HASH_BYTES);
}

/** An upper bound in bytes: a UTF-16 unit takes three bytes at most. */
function roomFor(content: Content, operationId: string): number {
  const { accountId, currencyCode } = content;
  let texts = 3;
  let units = accountId.length + operationId.length + currencyCode.length;
  if (content.type === 'Deposit') {
    texts += 2;
    units += content.reference.length + content.valueDate.length;
  } else {
    texts += 2;
    units += content.tenant.length + content.owner.length;
    for (const [key, value] of Object.entries(content.labels)) {
      texts += 2;
      units += key.length + value.length;
    }
  }
  return 1 + 8 + 4 * texts + 3 * units;
}

/** Four bytes of length in UTF-8, then the text. */
function putText(target: Buffer, offset: number, text: string): number {
  const start = offset + 4;
  const end = writeAscii(text, target, start) ?? start + target.write(text, start, 'utf8');
  putInt32(target, offset, end - start);
  return end;
}
