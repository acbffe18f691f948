/**
 * ReadAccountEvents: one account's events from a version on, as they are stored, with their hashes,
 * a page a message; ends OK after the newest. A stream that breaks off goes on at the next_version
 * of its last message.
 */
import { status } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import type { BoundedSender } from '#platform/bounded-sender.ts';
import type { Caller } from '#platform/caller.ts';
import { invalidArgument, refusal, type FieldViolation } from '#platform/grpc-errors.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { WireWriter } from '#platform/wire-writer.ts';
import { AccountEvent, type ReadAccountEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type { Holders } from './account-holder.ts';
import { FEED } from './bounds.ts';
import { storeUnavailable } from './event-feed.ts';
import { uuidRule } from './field-rules.ts';
import { readEventsFrom, type StoredEventRow } from './sql/read-events-from.ts';

export type AccountEventsFrom = {
  readonly accountId: string;
  readonly fromVersion: bigint;
  readonly caller: Caller;
};

export function openAccountEventsRequest(
  request: ReadAccountEventsRequest,
  caller: Caller,
): AccountEventsFrom {
  const { accountId, fromVersion } = request;
  const violations: FieldViolation[] = [];
  const rule = uuidRule(accountId);
  if (rule !== undefined) violations.push({ field: 'account_id', description: rule });
  if (fromVersion < 0n) {
    violations.push({ field: 'from_version', description: 'must be 0 or more' });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return { accountId: canonicalUuid(accountId) ?? accountId, fromVersion, caller };
}

type EventSource = { readonly db: Pool; readonly holders: Holders };

export async function tellAccountEvents(
  source: EventSource,
  { accountId, fromVersion, caller }: AccountEventsFrom,
  sender: BoundedSender<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  if (caller.scopes !== undefined) await checkReached(source, accountId, caller, signal);
  const first = fromVersion > 1n ? fromVersion : 1n;
  for (let next = first; ;) {
    const rows = await readPage(source.db, accountId, next, FEED.accountPageRowsMax, signal);
    const last = rows.at(-1);
    if (last === undefined) {
      if (next === first) await checkReached(source, accountId, caller, signal);
      return;
    }
    next = last.version + 1n;
    const bytes = responseBytes(accountId, rows, next);
    sender.send(bytes, bytes.length);
    await sender.room();
    if (rows.length < FEED.accountPageRowsMax) return;
  }
}

/** That it is there, for this caller. */
async function checkReached(
  source: EventSource,
  accountId: string,
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  const [opened] = await readPage(source.db, accountId, 1n, 1, signal);
  if (await source.holders.reaches(caller, opened && { accountId, payload: opened.payload }))
    return;
  throw refusal(status.NOT_FOUND, 'ACCOUNT_NOT_FOUND', `there is no account ${accountId}`);
}

async function readPage(
  db: Pool,
  accountId: string,
  fromVersion: bigint,
  rowsMax: number,
  signal: AbortSignal,
): Promise<StoredEventRow[]> {
  const options = { ...FEED.readRetry, signal, retriable: isConnectionLost };
  try {
    return await retryWithBackoff(options, () =>
      readEventsFrom(db, accountId, fromVersion, rowsMax),
    );
  } catch (error) {
    signal.throwIfAborted();
    throw isConnectionLost(error) ? storeUnavailable(error) : error;
  }
}

/** ReadAccountEventsResponse; each event's own bytes go in as they are stored. */
function responseBytes(accountId: string, rows: readonly StoredEventRow[], next: bigint): Buffer {
  const writer = new WireWriter(rows.reduce((sum, { payload }) => sum + payload.length + 160, 32));
  for (const { version, type, hash, payload, operation_id, recorded_at } of rows) {
    const plain = AccountEvent.fromPartial({ accountId, version, hash });
    plain.recordedAt = timestampFromMicros(recorded_at);
    plain.operationId = operation_id ?? '';
    writer.tag(1, BYTES);
    const start = writer.begin();
    writer.raw(AccountEvent.encode(plain).finish());
    writer.tag(3, VARINT);
    writer.varint(type);
    writer.tag(8, BYTES);
    writer.bytes(payload);
    writer.end(start);
  }
  writer.tag(2, VARINT);
  writer.varint64(next);
  return writer.finish();
}

const VARINT = 0;
const BYTES = 2;
