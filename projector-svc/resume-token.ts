/**
 * The resume token of StreamAcknowledgements: the log and the submission that it is of, the
 * positions that were told, and the running total. Anything else than a token made here throws
 * InvalidToken.
 */
import * as platform from '#platform/resume-token.ts';
import { InvalidToken, type TokenNumbers } from '#platform/resume-token.ts';

export { InvalidToken } from '#platform/resume-token.ts';

/** What a stream has told: by partition, the last seq and the last retry_no. */
export type ToldPosition = {
  seqs: Map<number, bigint>;
  retryNos: Map<number, bigint>;
  total: bigint;
};

const PARTITIONS_MAX = 1_024n;

export type TokenWriter = (told: ToldPosition) => string;

export function tokenWriter(logId: string, tenant: string, submissionId: string): TokenWriter {
  const write = platform.tokenWriter(logId, subjectOf(tenant, submissionId));
  return (told) =>
    write([told.total, ...vectorNumbers(told.seqs), ...vectorNumbers(told.retryNos)]);
}

export type ReadToken = ToldPosition & { logId: string };

export function readToken(token: string, tenant: string, submissionId: string): ReadToken {
  const numbers = platform.readToken(token, subjectOf(tenant, submissionId), 'submission');
  const total = numbers.next();
  const seqs = readVector(numbers);
  const retryNos = readVector(numbers);
  numbers.end();
  return { logId: numbers.logId, total, seqs, retryNos };
}

function subjectOf(tenant: string, submissionId: string): string {
  return `${tenant}\0${submissionId}`;
}

function vectorNumbers(vector: ReadonlyMap<number, bigint>): bigint[] {
  const pairs = [...vector].flatMap(([partition, value]) => [BigInt(partition), value]);
  return [BigInt(vector.size), ...pairs];
}

function readVector(numbers: TokenNumbers): Map<number, bigint> {
  const vector = new Map<number, bigint>();
  const size = numbers.next();
  if (size > PARTITIONS_MAX) throw new InvalidToken('it is damaged');
  for (let left = size; left > 0n; left--) {
    const partition = Number(numbers.next());
    vector.set(partition, numbers.next());
  }
  return vector;
}
