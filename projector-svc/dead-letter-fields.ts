/** The rules of the fields by which dead letters are asked for. */
import { invalidArgument } from '#platform/grpc-errors.ts';
import type { FieldViolation } from '#platform/grpc-errors.ts';
import { InvalidToken, readToken, tokenWriter } from '#platform/resume-token.ts';
import { canonicalUuid, uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import type { ListDeadLettersRequest } from '#proto/bank/v1/projector_service.ts';
import { DEAD_LETTERS } from './config.ts';
import { CAUSE } from './dead-letter.ts';
import { BEFORE_ALL } from './sql/letters-to-retry.ts';
import type { LetterPlace } from './sql/letters-to-retry.ts';

export type DeadLetterPage = {
  /** undefined: any. */
  readonly cause: string | undefined;
  readonly pageSize: number;
  /** The last letter of the page before. */
  readonly behind: LetterPlace;
};

const CAUSES: readonly string[] = Object.values(CAUSE);
const TOKEN_RULE = 'must be the next_page_token of a page with the same filter';

/** `list`: whose letters are listed. */
export function pageOf(request: ListDeadLettersRequest, logId: string, list = ''): DeadLetterPage {
  const violations: FieldViolation[] = [];
  const { pageSize, pageToken, cause } = request;
  if (pageSize < 0) violations.push({ field: 'page_size', description: 'must be 0 or above' });
  if (cause !== '') violations.push(...causeProblems(cause));
  const behind = pageToken === '' ? BEFORE_ALL : placeOf(pageToken, cause, logId, list);
  if (behind === undefined) violations.push({ field: 'page_token', description: TOKEN_RULE });
  if (violations.length > 0 || behind === undefined) throw invalidArgument(violations);
  const { pageSizeDefault, pageSizeMax } = DEAD_LETTERS;
  return {
    cause: cause === '' ? undefined : cause,
    pageSize: pageSize === 0 ? pageSizeDefault : Math.min(pageSize, pageSizeMax),
    behind,
  };
}

export function causeOf(text: string): string {
  const violations = causeProblems(text);
  if (violations.length > 0) throw invalidArgument(violations);
  return text;
}

export function letterIdOf(text: string): string {
  const id = canonicalUuid(text);
  if (id !== undefined) return id;
  const description = text === '' ? 'is required' : 'must be a UUID in text form';
  throw invalidArgument([{ field: 'dead_letter_id', description }]);
}

function causeProblems(text: string): FieldViolation[] {
  if (CAUSES.includes(text)) return [];
  return [{ field: 'cause', description: `must be one of ${CAUSES.join(', ')}` }];
}

/** Goes on behind this letter. */
export function pageTokenOf(
  place: LetterPlace,
  cause: string | undefined,
  logId: string,
  list = '',
): string {
  const id = Buffer.from(uuidToBytes(place.deadLetterId));
  const parts = Array.from({ length: ID_PARTS }, (_, n) => BigInt(id.readUInt32BE(n * 4)));
  return tokenWriter(
    logId,
    subjectOf(cause ?? '', list),
  )([BigInt(place.partition), place.seq, ...parts]);
}

const ID_PARTS = 4;

/** undefined: it is none of this list. */
function placeOf(
  token: string,
  cause: string,
  logId: string,
  list: string,
): LetterPlace | undefined {
  try {
    const numbers = readToken(token, subjectOf(cause, list), 'list');
    if (numbers.logId !== logId) return undefined;
    const partition = Number(numbers.next());
    const seq = numbers.next();
    const id = Buffer.alloc(ID_PARTS * 4);
    for (let n = 0; n < ID_PARTS; n++) id.writeUInt32BE(Number(numbers.next()), n * 4);
    numbers.end();
    return { partition, seq, deadLetterId: uuidFromBytes(id) };
  } catch (error) {
    if (error instanceof InvalidToken || error instanceof RangeError) return undefined;
    throw error;
  }
}

function subjectOf(cause: string, list: string): string {
  return `dead letters\0${cause}${list}`;
}
