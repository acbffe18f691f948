/** ListDeadLetters: the records that could not be applied, page by page, as people look at them. */
import type pg from 'pg';
import type { Caller } from '#platform/caller.ts';
import { timestampFromDate } from '#platform/timestamps.ts';
import type {
  DeadLetter,
  ListDeadLettersRequest,
  ListDeadLettersResponse,
} from '#proto/bank/v1/projector_service.ts';
import { DEAD_LETTERS } from './config.ts';
import { pageOf, pageTokenOf } from './dead-letter-fields.ts';
import { letterReach, listOf, type LetterReach } from './letter-reach.ts';
import { unlessLost } from './unless-lost.ts';
import { listDeadLetters as readPage } from './sql/list-dead-letters.ts';
import type { DeadLetterRow } from './sql/list-dead-letters.ts';

type ListContext = { readonly reading: pg.Pool; readonly logId: string };

export function listDeadLetters(
  ctx: ListContext,
): (
  request: ListDeadLettersRequest,
  call: { readonly caller: Caller },
) => Promise<ListDeadLettersResponse> {
  return (request, { caller }) => list(ctx, request, letterReach(caller));
}

async function list(
  { reading, logId }: ListContext,
  request: ListDeadLettersRequest,
  reach: LetterReach,
): Promise<ListDeadLettersResponse> {
  const { cause, pageSize, behind } = pageOf(request, logId, listOf(reach));
  const { pageBytesMax, accountsNamedMax } = DEAD_LETTERS;
  const limits = { letters: pageSize, bytes: pageBytesMax, accounts: accountsNamedMax };
  const { rows, hasMore } = await unlessLost('PROJECTION_UNAVAILABLE', () =>
    readPage(reading, cause, behind, limits, reach),
  );
  const isWhole = reach.tenant === null;
  const deadLetters = rows.map((row) => (isWhole ? shownLetter(row) : withoutRecord(row)));
  const last = deadLetters.at(-1);
  const nextPageToken =
    hasMore && last !== undefined ? pageTokenOf(last, cause, logId, listOf(reach)) : '';
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

/** Its record is of others too. */
export function withoutRecord(row: DeadLetterRow): DeadLetter {
  return { ...shownLetter(row), payload: Buffer.alloc(0), headers: {} };
}

/** Kept as an object of texts. */
function textsOf(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
