/**
 * Which accepted items wait with events that are left out. An event of an item names it. The other
 * leg of a transfer names none: its item is found by the event that names this leg, in the same
 * record or, by the positions that the append took elsewhere, in the event store.
 */
import type pg from 'pg';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { WireReader, int64Of } from '#platform/wire-reader.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { decodeEvent } from './event-decoder.ts';
import { newEventFields } from './event-fields.ts';
import { UndecodableRecord, readOutline } from './record-outline.ts';
import type { WaitingItem } from './sql/keep-waiting.ts';
import { readOutbox } from './sql/read-outbox.ts';

export type WaitingContext = {
  readonly eventStore: pg.Pool;
  readonly partitionCount: number;
};

export type WaitingEvent = {
  readonly accountId: string;
  readonly version: bigint;
  /** 0: it is not the item's own event, but may be the other leg of one. */
  readonly submissionNumber: number;
  readonly itemIndex: bigint;
  /** Of an event that is none of an item, and may be the other leg of one. */
  readonly otherLeg: OtherLeg | undefined;
};

/** undefined: the event cannot be read. */
export type OtherLeg = { readonly accountId: string | undefined };

export async function waitingItems(
  ctx: WaitingContext,
  one: OutlinedRecord,
  events: readonly WaitingEvent[],
): Promise<WaitingItem[]> {
  const waitingSeq = one.record.seq;
  const items = events.flatMap((event) => itemOf(one, event, event, waitingSeq));
  let legs = events.filter((event) => event.otherLeg !== undefined);
  const findIn = (where: OutlinedRecord): void => {
    const named = eventsByLeg(where);
    for (const leg of legs) {
      const own = named.get(legKey(leg.accountId, leg.version));
      if (own !== undefined) items.push(...itemOf(where, own, leg, waitingSeq));
    }
    legs = legs.filter(({ accountId, version }) => !named.has(legKey(accountId, version)));
  };
  if (legs.length > 0) findIn(one);
  for (const { partition, seq } of one.outline.others) {
    if (!legs.some((leg) => mayStandIn(ctx, leg, partition))) continue;
    const other = await readOther(ctx, partition, seq);
    if (other !== undefined) findIn(other);
  }
  return items;
}

type OwnEvent = Pick<WaitingEvent, 'submissionNumber' | 'itemIndex'>;

/** `own` says which item it is, and its record where it counts. */
function itemOf(
  { record, outline }: OutlinedRecord,
  { submissionNumber, itemIndex }: OwnEvent,
  { accountId }: WaitingEvent,
  waitingSeq: bigint,
): WaitingItem[] {
  const part = outline.submissions[submissionNumber - 1];
  if (part === undefined) return [];
  const { tenant, submissionId } = part;
  const { partition, seq } = record;
  return [{ tenant, submissionId, itemIndex, accountId, waitingSeq, partition, seq }];
}

function mayStandIn(
  { partitionCount }: WaitingContext,
  { otherLeg }: WaitingEvent,
  partition: number,
): boolean {
  const accountId = otherLeg?.accountId;
  return accountId === undefined || partitionOfAccount(accountId, partitionCount) === partition;
}

/** undefined: it cannot be read either; then all of it waits for a dead letter of its own. */
async function readOther(
  { eventStore }: WaitingContext,
  partition: number,
  seq: bigint,
): Promise<OutlinedRecord | undefined> {
  const range = { partition, afterSeq: seq - 1n, untilSeq: seq, recordsMax: 1, bytesMax: 0 };
  const [record] = await readOutbox(eventStore, range);
  if (record === undefined) return undefined;
  try {
    return { record, outline: readOutline(record) };
  } catch (error) {
    if (error instanceof UndecodableRecord) return undefined;
    throw error;
  }
}

const fields = newEventFields();

/** The events of items that name another leg, by that leg. One that cannot be read names none. */
function eventsByLeg({ record, outline }: OutlinedRecord): Map<string, OwnEvent> {
  const byLeg = new Map<string, OwnEvent>();
  const reader = new WireReader(record.payload);
  for (let i = 0; i < outline.eventRanges.length; i += 2) {
    reader.at = outline.eventRanges[i] ?? 0;
    try {
      decodeEvent(reader, outline.eventRanges[i + 1] ?? 0, fields);
    } catch {
      continue;
    }
    const { submissionNumber, counterpartAt } = fields;
    if (submissionNumber === 0 || counterpartAt < 0) continue;
    const leg = uuidFromBytes(record.payload, counterpartAt);
    const version = int64Of(fields.counterpartLow, fields.counterpartHigh);
    const itemIndex = int64Of(fields.itemLow, fields.itemHigh);
    byLeg.set(legKey(leg, version), { submissionNumber, itemIndex });
  }
  return byLeg;
}

function legKey(accountId: string, version: bigint): string {
  return `${accountId}/${version}`;
}
