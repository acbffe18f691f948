/**
 * Leaves the events of parked accounts out of records that are applied: they are read again from
 * the event store at the retry, so only their place is kept, and which items wait with them. Their
 * bodies need not be readable. An event that does not even tell its account throws
 * UndecodableRecord.
 */
import { uuidFromBytes } from '#platform/uuid.ts';
import { WireReader, int64Of } from '#platform/wire-reader.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { decodeEvent, decodeHead } from './event-decoder.ts';
import { newEventFields } from './event-fields.ts';
import { UndecodableRecord, nameOf } from './record-outline.ts';
import type { WaitingItem, WaitingRecord, WaitingRows } from './sql/keep-waiting.ts';
import { waitingItems } from './waiting-items.ts';
import type { OtherLeg, WaitingContext, WaitingEvent } from './waiting-items.ts';

/** Records as they are applied, and what is kept of them for parked accounts. */
export type SetAside = {
  readonly applied: readonly OutlinedRecord[];
  readonly waiting: WaitingRows | undefined;
};

export async function setAside(
  ctx: WaitingContext,
  outlined: readonly OutlinedRecord[],
  parked: ReadonlySet<string>,
): Promise<SetAside> {
  if (parked.size === 0) return { applied: outlined, waiting: undefined };
  const applied: OutlinedRecord[] = [];
  const records: WaitingRecord[] = [];
  const items: WaitingItem[] = [];
  for (const one of outlined) {
    const rows = await waitingOf(ctx, one, parked);
    records.push(...rows.records);
    items.push(...rows.items);
    applied.push(rows.records.length === 0 ? one : without(one, parked));
  }
  return { applied, waiting: records.length === 0 ? undefined : { records, items } };
}

/** What is kept of one record for these accounts. */
export async function waitingOf(
  ctx: WaitingContext,
  one: OutlinedRecord,
  parked: ReadonlySet<string>,
): Promise<WaitingRows> {
  const events: WaitingEvent[] = [];
  for (const [accountId, ranges] of eventsByAccount(one)) {
    if (parked.has(accountId)) events.push(...waitingEvents(one.record.payload, accountId, ranges));
  }
  if (events.length === 0) return { records: [], items: [] };
  const { seq } = one.record;
  const accounts = new Set(events.map(({ accountId }) => accountId));
  const records = [...accounts].map((accountId) => ({ accountId, seq }));
  return { records, items: await waitingItems(ctx, one, events) };
}

const fields = newEventFields();

/** By account, where its events stand: pairs of start and end, in the order of their versions. */
export function eventsByAccount({ record, outline }: OutlinedRecord): Map<string, number[]> {
  const byAccount = new Map<string, number[]>();
  const { payload } = record;
  const reader = new WireReader(payload);
  try {
    for (let i = 0; i < outline.eventRanges.length; i += 2) {
      const at = (reader.at = outline.eventRanges[i] ?? 0);
      const end = outline.eventRanges[i + 1] ?? 0;
      decodeHead(reader, end, fields);
      const accountId = uuidFromBytes(payload, fields.accountAt);
      const ranges = byAccount.get(accountId);
      if (ranges === undefined) byAccount.set(accountId, [at, end]);
      else ranges.push(at, end);
    }
  } catch (cause) {
    throw new UndecodableRecord(`${nameOf(record)} has an event without an account`, { cause });
  }
  return byAccount;
}

/** The record with the events of some accounts only. */
export function withEvents(
  { record, outline }: OutlinedRecord,
  ranges: readonly number[],
): OutlinedRecord {
  return { record, outline: { ...outline, eventRanges: Int32Array.from(ranges) } };
}

function without(one: OutlinedRecord, parked: ReadonlySet<string>): OutlinedRecord {
  const kept = [...eventsByAccount(one)].filter(([accountId]) => !parked.has(accountId));
  return withEvents(
    one,
    kept.flatMap(([, ranges]) => ranges),
  );
}

function waitingEvents(
  payload: Buffer,
  accountId: string,
  ranges: readonly number[],
): WaitingEvent[] {
  const reader = new WireReader(payload);
  const events: WaitingEvent[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const end = ranges[i + 1] ?? 0;
    reader.at = ranges[i] ?? 0;
    decodeHead(reader, end, fields);
    const { submissionNumber } = fields;
    const itemIndex = int64Of(fields.itemLow, fields.itemHigh);
    const version = int64Of(fields.versionLow, fields.versionHigh);
    const event = { accountId, version, submissionNumber, itemIndex };
    reader.at = ranges[i] ?? 0;
    const otherLeg = submissionNumber > 0 ? undefined : otherLegOf(reader, end);
    events.push({ ...event, otherLeg });
  }
  return events;
}

/** undefined: the event has none. */
function otherLegOf(reader: WireReader, end: number): OtherLeg | undefined {
  try {
    decodeEvent(reader, end, fields);
  } catch {
    return { accountId: undefined }; // so its account is parked, or will be at its retry
  }
  if (fields.counterpartAt < 0) return undefined;
  return { accountId: uuidFromBytes(reader.bytes, fields.counterpartAt) };
}
