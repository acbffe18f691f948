/**
 * The 8 bytes by which a repeated operation or a resent item is told from another one under the
 * same id: the first bytes of SHA-256 over the command's content. Stored beside events and items,
 * so the encoding may never change: a type byte, then each field in a fixed order, texts with their
 * length before them. Submission and index are left out: the same operation has the same hash sent
 * alone or in bulk. So is expected_version, which is a condition and no content: a retry may have
 * read the account anew.
 *
 * Where texts are sealed a secret goes before the content, or an erased text could be guessed from
 * its hash. What was stored before that is known by the plain hash, which then stands behind the
 * keyed one in memory, and is compared too.
 */
import { hash } from 'node:crypto';
import type { Command, Deposit, OpenAccount } from '#domain/commands.ts';
import { putInt32, writeAscii } from '#platform/put-bytes.ts';
import { contentParts, type ContentPart } from './content-parts.ts';

export const CONTENT_HASH_BYTES = 8;

const SCRATCH_BYTES = 4096;
const KEYED_BYTES = SCRATCH_BYTES + 64;

type Keying = {
  readonly keyBytes: number;
  /** Begins with the key; nothing here waits, so no two contents are ever in it. */
  readonly buffer: Buffer;
  readonly comparesPlain: boolean;
};
let keying: Keying | undefined;

/** Once, at the start. `comparesPlain`: something was stored before there was a key. */
export function keyContentHashes(key: Uint8Array | undefined, comparesPlain: boolean): void {
  const buffer = Buffer.alloc(KEYED_BYTES);
  buffer.set(key ?? []);
  keying = key && { keyBytes: key.length, buffer, comparesPlain };
}

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
  const operationId = command.operationId ?? '';
  if (command.type === 'Deposit' || command.type === 'OpenAccount') {
    return hashContent(command, operationId, VALID);
  }
  return hashParts(typeByteOf(command), [command.accountId, operationId, ...contentParts(command)]);
}

/** The hash of a malformed item, over what the caller wrote; never that of a valid command. */
export function rawContentHash(content: RawContent): string {
  return hashContent(content, content.operationId, MALFORMED);
}

/** The same for a command of any other kind, over its request's bytes as its caller sent them. */
export function rawRequestHash(type: Command['type'], request: Uint8Array): string {
  const bytes = Buffer.from(request);
  return shortHash(Buffer.concat([Buffer.from([TYPE_BYTE[type] + MALFORMED]), bytes]));
}

/** The same for what is no command. */
export function textHash(text: string): string {
  return shortHash(Buffer.from(text));
}

/** Whether the 8 bytes at `offset` of stored hashes are these. */
export function sameContentHash(a: string, stored: Uint8Array, offset = 0): boolean {
  for (let from = 0; from < a.length; from += CONTENT_HASH_BYTES) {
    if (isStoredAt(a, from, stored, offset)) return true;
  }
  return false;
}

function isStoredAt(a: string, from: number, stored: Uint8Array, offset: number): boolean {
  for (let i = 0; i < CONTENT_HASH_BYTES; i++) {
    if (a.charCodeAt(from + i) !== stored[offset + i]) return false;
  }
  return true;
}

/** The part of a hash that is stored. */
export function storedHash(hash: string): string {
  return hash.length === CONTENT_HASH_BYTES ? hash : hash.slice(0, CONTENT_HASH_BYTES);
}

/** Writes the 8 bytes. */
export function putContentHash(hash: string, target: Uint8Array, offset: number): void {
  for (let i = 0; i < CONTENT_HASH_BYTES; i++) target[offset + i] = hash.charCodeAt(i);
}

const VALID = 0;
const MALFORMED = 128;
const TYPE_BYTE = {
  OpenAccount: 1,
  Deposit: 2,
  Withdraw: 3,
  Transfer: 4,
  PlaceHold: 5,
  CaptureHold: 6,
  ReleaseHold: 7,
  SetOverdraftLimit: 8,
  FreezeAccount: 9,
  UnfreezeAccount: 10,
  CloseAccount: 11,
  ReverseOperation: 12,
  ExpireHolds: 13,
  ReverseEvent: 14,
} as const satisfies Record<Command['type'], number>;

function typeByteOf({ type }: Command): number {
  return TYPE_BYTE[type] + VALID;
}

type Content = OpenAccount | Deposit | RawContent;

/** One buffer for all: nothing here waits, so no two contents are ever in it. */
const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

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
  return shortHash(target.subarray(0, length));
}

function shortHash(bytes: Uint8Array): string {
  const plain = (): string => hash('sha256', bytes, 'binary').slice(0, CONTENT_HASH_BYTES);
  if (keying === undefined) return plain();
  const { keyBytes, buffer, comparesPlain } = keying;
  const length = keyBytes + bytes.length;
  const room =
    length <= buffer.length ? buffer : Buffer.alloc(length, buffer.subarray(0, keyBytes));
  room.set(bytes, keyBytes);
  const keyed = hash('sha256', room.subarray(0, length), 'binary').slice(0, CONTENT_HASH_BYTES);
  return comparesPlain ? keyed + plain() : keyed;
}

/** Texts with their length, numbers as 8 bytes, flags as one. */
function hashParts(typeByte: number, parts: readonly ContentPart[]): string {
  const texts = parts.filter((part) => typeof part === 'string');
  const units = texts.reduce((sum, text) => sum + text.length, 0);
  const target = Buffer.allocUnsafe(1 + 8 * parts.length + 3 * units);
  let length = target.writeUInt8(typeByte, 0);
  for (const part of parts) {
    if (typeof part === 'string') length = putText(target, length, part);
    else if (typeof part === 'bigint') length = target.writeBigInt64BE(part, length);
    else length = target.writeUInt8(part ? 1 : 0, length);
  }
  return shortHash(target.subarray(0, length));
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
