/**
 * Resume tokens of long streams: which log and which subject (what the stream was asked for) they
 * are of, and whole numbers that say how far it was. Opaque for callers: base64url of a version,
 * ids, varints and a checksum. Anything else than a token made here throws InvalidToken.
 */
import { createHash } from 'node:crypto';
import { uuidFromBytes, uuidToBytes } from './uuid.ts';
import { WireReader, int64Of } from './wire-reader.ts';

export class InvalidToken extends Error {
  override readonly name = 'InvalidToken';
}

const VERSION = 1;
const LOG_ID_AT = 1;
const SUBJECT_AT = 17;
const SUBJECT_BYTES = 8;
const BODY_AT = SUBJECT_AT + SUBJECT_BYTES;
const CHECKSUM_BYTES = 4;
const TOKEN_LENGTH_MAX = 65_536;

/** Numbers from 0 to 2^63 - 1. */
export type TokenWriter = (numbers: Iterable<bigint>) => string;

/** For one stream: what does not change is computed once. */
export function tokenWriter(logId: string, subject: string): TokenWriter {
  const head = Buffer.alloc(BODY_AT);
  head[0] = VERSION;
  uuidToBytes(logId, head, LOG_ID_AT);
  subjectKey(subject).copy(head, SUBJECT_AT);
  return (numbers) => {
    const bytes: number[] = [];
    for (const number of numbers) pushVarint(bytes, number);
    const body = Buffer.concat([head, Buffer.from(bytes)]);
    return Buffer.concat([body, checksum(body)]).toString('base64url');
  };
}

export type TokenNumbers = {
  readonly logId: string;
  /** The next one; throws InvalidToken behind the last. */
  next(): bigint;
  /** Throws InvalidToken when there are more. */
  end(): void;
};

/** A UUID, or none, as numbers of a token. */
export function idNumbers(id: string | undefined): bigint[] {
  if (id === undefined) return [0n, 0n, 0n, 0n, 0n];
  const bytes = Buffer.from(uuidToBytes(id));
  return [1n, ...ID_WORDS_AT.map((at) => BigInt(bytes.readUInt32BE(at)))];
}

export function readId(next: () => bigint): string | undefined {
  const isThere = next() === 1n;
  const bytes = Buffer.alloc(16);
  for (const at of ID_WORDS_AT) bytes.writeUInt32BE(Number(BigInt.asUintN(32, next())), at);
  return isThere ? uuidFromBytes(bytes) : undefined;
}

const ID_WORDS_AT = [0, 4, 8, 12];

/** `subjectName`: what a token of something else is told to be. */
export function readToken(token: string, subject: string, subjectName: string): TokenNumbers {
  const bytes = bytesOf(token);
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!checksum(body).equals(bytes.subarray(-CHECKSUM_BYTES)))
    throw new InvalidToken('it is damaged');
  if (body[0] !== VERSION) throw new InvalidToken('it is of an unknown version');
  if (!body.subarray(SUBJECT_AT, BODY_AT).equals(subjectKey(subject))) {
    throw new InvalidToken(`it is of another ${subjectName}`);
  }
  const reader = new WireReader(body);
  reader.at = BODY_AT;
  return {
    logId: uuidFromBytes(body, LOG_ID_AT),
    next: () => nextNumber(reader),
    end: () => {
      if (reader.at !== reader.end) throw new InvalidToken('it is too long');
    },
  };
}

function nextNumber(reader: WireReader): bigint {
  try {
    reader.varint64();
  } catch (cause) {
    throw new InvalidToken('it is damaged', { cause });
  }
  const value = int64Of(reader.low, reader.high);
  if (value < 0n) throw new InvalidToken('it is damaged: a number in it is negative');
  return value;
}

function bytesOf(token: string): Buffer {
  const readable = token.length <= TOKEN_LENGTH_MAX && /^[A-Za-z0-9_-]+$/.test(token);
  const bytes = Buffer.from(readable ? token : '', 'base64url');
  if (bytes.length < BODY_AT + CHECKSUM_BYTES || bytes.toString('base64url') !== token) {
    throw new InvalidToken('it is not a token of this service');
  }
  return bytes;
}

function subjectKey(subject: string): Buffer {
  return createHash('sha256').update(subject).digest().subarray(0, SUBJECT_BYTES);
}

function checksum(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES);
}

function pushVarint(bytes: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
}
