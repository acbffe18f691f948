/**
 * The resume token of StreamAcknowledgements: which log and which submission it is of, the
 * positions that were told, and the running total. Opaque for callers: base64url of a version, ids,
 * varints and a checksum. Anything else than a token made here throws InvalidToken.
 */
import { createHash } from 'node:crypto';
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import { WireReader, int64Of } from './wire-reader.ts';

/** What a stream has told: by partition, the last seq and the last retry_no. */
export type ToldPosition = {
  seqs: Map<number, bigint>;
  retryNos: Map<number, bigint>;
  total: bigint;
};

export class InvalidToken extends Error {
  override readonly name = 'InvalidToken';
}

const VERSION = 1;
const LOG_ID_AT = 1;
const SUBMISSION_AT = 17;
const SUBMISSION_BYTES = 8;
const BODY_AT = SUBMISSION_AT + SUBMISSION_BYTES;
const CHECKSUM_BYTES = 4;
const TOKEN_LENGTH_MAX = 65_536;

export type TokenWriter = (told: ToldPosition) => string;

/** For one stream: what does not change is computed once. */
export function tokenWriter(logId: string, tenant: string, submissionId: string): TokenWriter {
  const head = Buffer.alloc(BODY_AT);
  head[0] = VERSION;
  uuidToBytes(logId, head, LOG_ID_AT);
  submissionKey(tenant, submissionId).copy(head, SUBMISSION_AT);
  return (told) => {
    const numbers: number[] = [];
    pushVarint(numbers, told.total);
    pushVector(numbers, told.seqs);
    pushVector(numbers, told.retryNos);
    const body = Buffer.concat([head, Buffer.from(numbers)]);
    return Buffer.concat([body, checksum(body)]).toString('base64url');
  };
}

export type ReadToken = ToldPosition & { logId: string };

export function readToken(token: string, tenant: string, submissionId: string): ReadToken {
  const bytes = bytesOf(token);
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!checksum(body).equals(bytes.subarray(-CHECKSUM_BYTES)))
    throw new InvalidToken('it is damaged');
  if (body[0] !== VERSION) throw new InvalidToken('it is of an unknown version');
  if (!body.subarray(SUBMISSION_AT, BODY_AT).equals(submissionKey(tenant, submissionId))) {
    throw new InvalidToken('it is of another submission');
  }
  const reader = new WireReader(body);
  reader.at = BODY_AT;
  try {
    const total = readVarint(reader);
    const seqs = readVector(reader);
    const retryNos = readVector(reader);
    if (reader.at !== reader.end) throw new InvalidToken('it is too long');
    return { logId: uuidFromBytes(body, LOG_ID_AT), total, seqs, retryNos };
  } catch (cause) {
    throw new InvalidToken('it is damaged', { cause });
  }
}

function bytesOf(token: string): Buffer {
  const readable = token.length <= TOKEN_LENGTH_MAX && /^[A-Za-z0-9_-]+$/.test(token);
  const bytes = Buffer.from(readable ? token : '', 'base64url');
  if (bytes.length < BODY_AT + CHECKSUM_BYTES || bytes.toString('base64url') !== token) {
    throw new InvalidToken('it is not a token of this service');
  }
  return bytes;
}

function submissionKey(tenant: string, submissionId: string): Buffer {
  return createHash('sha256')
    .update(`${tenant}\0${submissionId}`)
    .digest()
    .subarray(0, SUBMISSION_BYTES);
}

function checksum(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES);
}

function pushVector(numbers: number[], vector: ReadonlyMap<number, bigint>): void {
  pushVarint(numbers, BigInt(vector.size));
  for (const [partition, value] of vector) {
    pushVarint(numbers, BigInt(partition));
    pushVarint(numbers, value);
  }
}

function pushVarint(numbers: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) numbers.push(Number(rest & 127n) | 128);
  numbers.push(Number(rest));
}

function readVector(reader: WireReader): Map<number, bigint> {
  const vector = new Map<number, bigint>();
  for (let left = readVarint(reader); left > 0n; left--) {
    const partition = Number(readVarint(reader));
    vector.set(partition, readVarint(reader));
  }
  return vector;
}

function readVarint(reader: WireReader): bigint {
  reader.varint64();
  const value = int64Of(reader.low, reader.high);
  if (value < 0n) throw new InvalidToken('a number in it is negative');
  return value;
}
