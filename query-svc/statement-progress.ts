/**
 * How far a statement has come: what its resume token carries, and what its closing says. The range
 * of versions is fixed when the statement begins, so that a resumed one ends where the first would
 * have.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import type { EntryView } from './entry-view.ts';
import { decodeToken, encodeToken } from './opaque-token.ts';

export type StatementProgress = {
  readonly nextVersion: bigint;
  readonly endVersion: bigint;
  readonly balanceMinor: bigint;
  readonly entryCount: bigint;
  readonly creditsMinor: bigint;
  readonly debitsMinor: bigint;
  /** The closing was sent: nothing follows. */
  readonly isClosed: boolean;
};

const INT64_BYTES = 8;
const NUMBERS = 6;
const PAYLOAD_BYTES = NUMBERS * INT64_BYTES + 1;
const INT64_MAX = 2n ** 63n - 1n;

export function withEntries(
  before: StatementProgress,
  entries: readonly EntryView[],
): StatementProgress {
  let { nextVersion, balanceMinor, entryCount, creditsMinor, debitsMinor } = before;
  for (const { version, amountMinor, balanceAfterMinor } of entries) {
    nextVersion = version + 1n;
    balanceMinor = balanceAfterMinor;
    entryCount++;
    if (amountMinor > 0n) creditsMinor += amountMinor;
    else debitsMinor += amountMinor;
  }
  if (creditsMinor > INT64_MAX || -debitsMinor > INT64_MAX) throw sumOverflow();
  return { ...before, nextVersion, balanceMinor, entryCount, creditsMinor, debitsMinor };
}

export function encodeProgress(subject: readonly string[], progress: StatementProgress): string {
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  numbersOf(progress).forEach((n, place) => payload.writeBigInt64BE(n, place * INT64_BYTES));
  payload.writeUInt8(progress.isClosed ? 1 : 0, NUMBERS * INT64_BYTES);
  return encodeToken(subject, payload);
}

/** Undefined: the token is not of a statement of this subject. */
export function decodeProgress(
  subject: readonly string[],
  token: string,
): StatementProgress | undefined {
  const payload = decodeToken(subject, token, PAYLOAD_BYTES);
  if (payload === undefined) return undefined;
  const number = (place: number) => payload.readBigInt64BE(place * INT64_BYTES);
  return {
    nextVersion: number(0),
    endVersion: number(1),
    balanceMinor: number(2),
    entryCount: number(3),
    creditsMinor: number(4),
    debitsMinor: number(5),
    isClosed: payload.readUInt8(NUMBERS * INT64_BYTES) === 1,
  };
}

function numbersOf(progress: StatementProgress): bigint[] {
  const { nextVersion, endVersion, balanceMinor, entryCount } = progress;
  const { creditsMinor, debitsMinor } = progress;
  return [nextVersion, endVersion, balanceMinor, entryCount, creditsMinor, debitsMinor];
}

function sumOverflow(): Error {
  const message = 'the sum of the credits or debits is beyond int64: ask for a shorter time';
  return refusal(status.OUT_OF_RANGE, 'BALANCE_OVERFLOW', message);
}
