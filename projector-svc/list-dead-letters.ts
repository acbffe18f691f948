/** ListDeadLetters: the records that could not be applied, page by page, as people look at them. */
import type pg from 'pg';
import { timestampFromDate } from '#platform/timestamps.ts';
import type {
  DeadLetter,
  ListDeadLettersRequest,
  ListDeadLettersResponse,
} from '#proto/bank/v1/projector_service.ts';
import { DEAD_LETTERS } from './config.ts';
import { pageOf, pageTokenOf } from './dead-letter-fields.ts';
import { unlessLost } from './unless-lost.ts';
import { listDeadLetters as readPage } from './sql/list-dead-letters.ts';
import type { DeadLetterRow } from './sql/list-dead-letters.ts';

type ListContext = { readonly reading: pg.Pool; readonly logId: string };

export function listDeadLetters(
  ctx: ListContext,
): (request: ListDeadLettersRequest) => Promise<ListDeadLettersResponse> {
  return (request) => list(ctx, request);
}

async function list(
  { reading, logId }: ListContext,
  request: ListDeadLettersRequest,
): Promise<ListDeadLettersResponse> {
  const { cause, pageSize, behind } = pageOf(request, logId);
  const { pageBytesMax, accountsNamedMax } = DEAD_LETTERS;
  const limits = { letters: pageSize, bytes: pageBytesMax, accounts: accountsNamedMax };
  const { rows, hasMore } = await unlessLost('PROJECTION_UNAVAILABLE', () =>
    readPage(reading, cause, behind, limits),
  );
  const deadLetters = rows.map(shownLetter);
  const last = deadLetters.at(-1);
  const nextPageToken = hasMore && last !== undefined ? pageTokenOf(last, cause, logId) : '';
  return { deadLetters, nextPageToken };
}

export function shownLetter(row: DeadLetterRow): DeadLetter {
  return {
    deadLetterId: row.dead_letter_id,
    partition: row.partition,
    seq: row.seq,
    kafkaOffset: row.kafka_offset ?? undefined,
    headers: textsOf(row.headers),
    payload: row.payload,
    cause: row.cause,
    message: row.message,
    parkedAccountIds: row.parked_account_ids,
    foundAt: timestampFromDate(row.found_at),
    retries: row.retries,
    payloadBytes: row.payload_bytes,
    parkedAccounts: row.parked_accounts,
  };
}

/** Kept as an object of texts. */
function textsOf(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
