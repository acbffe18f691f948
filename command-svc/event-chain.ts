/**
 * The hash that chains an account's events from version 1 on: a changed, missing or added event
 * shows. Each stored event carries its hash; the cached state carries the newest.
 */
import { hash as digest } from 'node:crypto';
import { uuidToBytes } from '#platform/uuid.ts';
import { copyBytes, putInt32 } from '#platform/put-bytes.ts';

export type ChainedFacts = {
  /** The account's id, 16 bytes. */
  readonly accountBytes: Uint8Array;
  readonly version: bigint;
  /** An EventType. */
  readonly type: number;
  readonly recordedAtMicros: bigint;
  readonly operationId: string | undefined;
};

/** The hash before an account's first event. */
export const NO_HASH = '';

const HASH_BYTES = 32;
/**
 * Each part with its length before it, 4 bytes: hash, account, version, type, time, operation,
 * payload.
 */
const CHAIN_PREFIX_BYTES = 7 * 4 + HASH_BYTES + 16 + 8 + 2 + 8 + 16;
let chainInput = Buffer.allocUnsafe(64 * 1024);

/**
 * SHA-256 over the hash before (empty for version 1) and the facts, each with its length before it;
 * the payload is the bytes of `source` from start to end. Hashes are texts of one character a byte:
 * the fastest form that Node has, and the lightest to keep.
 */
export function chainHash(
  hashBefore: string,
  facts: ChainedFacts,
  source: Uint8Array,
  start: number,
  end: number,
): string {
  const payloadBytes = end - start;
  if (chainInput.length < CHAIN_PREFIX_BYTES + payloadBytes) {
    chainInput = Buffer.allocUnsafe(CHAIN_PREFIX_BYTES + payloadBytes * 2);
  }
  const input = chainInput;
  let at = putInt32(input, 0, hashBefore.length);
  at += input.write(hashBefore, at, 'latin1');
  at = putInt32(input, at, 16);
  at = copyBytes(facts.accountBytes, 0, 16, input, at);
  at = putInt32(input, at, 8);
  at = putInt64(input, at, facts.version);
  at = putInt32(input, at, 2);
  input[at++] = facts.type >>> 8;
  input[at++] = facts.type;
  at = putInt32(input, at, 8);
  at = putInt64(input, at, facts.recordedAtMicros);
  at = putOperation(input, at, facts.operationId);
  at = putInt32(input, at, payloadBytes);
  at = copyBytes(source, start, end, input, at);
  return digest('sha256', input.subarray(0, at), 'binary');
}

/** Versions and times are far below 2^53. */
function putInt64(target: Uint8Array, at: number, value: bigint): number {
  const number = Number(value);
  putInt32(target, at, Math.floor(number / 2 ** 32));
  return putInt32(target, at + 4, number);
}

function putOperation(target: Uint8Array, at: number, operationId: string | undefined): number {
  if (operationId === undefined) return putInt32(target, at, 0);
  const start = putInt32(target, at, 16);
  uuidToBytes(operationId, target, start);
  return start + 16;
}
