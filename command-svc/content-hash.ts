/**
 * The 8 bytes by which a repeated operation or a resent item is told from another one under the
 * same id: the first bytes of SHA-256 over the command's content. Stored beside events and items,
 * so the encoding may never change: a type byte, then each field in a fixed order, texts with their
 * length before them. Submission and index are left out: the same operation has the same hash sent
 * alone or in bulk.
 */
import { hash } from 'node:crypto';
import type { Command } from '#domain/account.ts';

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
export function contentHashOf(command: Command): Uint8Array {
  return hashContent(command, command.operationId ?? '', VALID);
}

/** The hash of a malformed item, over what the caller wrote; never that of a valid command. */
export function rawContentHash(content: RawContent): Uint8Array {
  return hashContent(content, content.operationId, MALFORMED);
}

/** Whether the 8 bytes at `offset` of stored hashes are these. */
export function sameContentHash(a: Uint8Array, stored: Uint8Array, offset: number): boolean {
  for (let i = 0; i < CONTENT_HASH_BYTES; i++) {
    if (a[i] !== stored[offset + i]) return false;
  }
  return true;
}

const VALID = 0;
const MALFORMED = 128;
const TYPE_BYTE = { OpenAccount: 1, Deposit: 2 } as const;

type Content = Command | RawContent;

/** One buffer for all: nothing here waits, so no two contents are ever in it. */
const scratch = Buffer.allocUnsafe(4096);

function hashContent(content: Content, operationId: string, validity: number): Uint8Array {
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
  const digest = hash('sha256', target.subarray(0, length), 'binary');
  const bytes = new Uint8Array(CONTENT_HASH_BYTES);
  for (let i = 0; i < CONTENT_HASH_BYTES; i++) bytes[i] = digest.charCodeAt(i);
  return bytes;
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
  const end = writeAscii(target, start, text) ?? start + target.write(text, start, 'utf8');
  const bytes = end - start;
  target[offset] = bytes >>> 24;
  target[offset + 1] = bytes >>> 16;
  target[offset + 2] = bytes >>> 8;
  target[offset + 3] = bytes;
  return end;
}

/**
 * Most texts are short and ASCII: written here at a tenth of a call's price. Undefined for any
 * other.
 */
function writeAscii(target: Buffer, start: number, text: string): number | undefined {
  if (text.length > ASCII_LENGTH_MAX) return undefined;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return undefined;
    target[start + i] = code;
  }
  return start + text.length;
}

const ASCII_LENGTH_MAX = 64;
