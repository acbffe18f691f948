/**
 * Decodes the records of one transaction into the rows that it writes. Throws UndecodableRecord.
 */
import { acknowledgementRows, closedRows } from './acknowledgement-rows.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { BalanceSlots } from './balance-slots.ts';
import { BinaryRows } from './binary-rows.ts';
import { changedBalances } from './changed-balances.ts';
import { LINK_BYTES, addLink, namesSomething } from './entry-links.ts';
import { USUAL_ENTRY_BYTES, addEntry } from './entry-rows.ts';
import { decodeEvent } from './event-decoder.ts';
import { newEventFields } from './event-fields.ts';
import { HoldChanges } from './hold-changes.ts';
import { newBalances } from './new-balances.ts';
import { accountsNotice } from './projected-notices.ts';
import { UNOPENED } from './text-opener.ts';
import type { TextOpener } from './text-opener.ts';
import { UndecodableRecord, nameOf, readOutline } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';
import type { WaitingRows } from './sql/keep-waiting.ts';
import type { EventRows, ProjectedRows } from './sql/project-records.ts';
import { WireReader, halvesOf } from '#platform/wire-reader.ts';

const MICROS_PER_MS = 1000n;

export type BatchRows = {
  rows: ProjectedRows;
  outlined: readonly OutlinedRecord[];
  events: number;
  accounts: number;
  /** Names the accounts that change, for their watchers. */
  accountsNotice: string;
};

/** Where the partition is believed to be. */
export type ExpectedHead = { readonly seq: bigint; readonly retryNo: bigint };

export function outlineOf(record: LogRecord): OutlinedRecord {
  return { record, outline: readOutline(record) };
}

/** outlined: dense, the first one right behind the head. waiting: what is left out of them. */
export function batchRows(
  outlined: readonly OutlinedRecord[],
  expected: ExpectedHead,
  nowMs: number,
  waiting?: WaitingRows,
  texts: TextOpener = UNOPENED,
): BatchRows {
  const last = outlined.at(-1)?.record;
  if (last === undefined) throw new RangeError('a batch needs a record');
  const { rows, events, balances } = eventRows(outlined, nowMs, texts);
  const projectedAtMicros = BigInt(nowMs) * MICROS_PER_MS;
  return {
    rows: {
      partition: last.partition,
      expected,
      newSeq: last.seq,
      newBatchId: last.batchId,
      projectedAt: new Date(nowMs).toISOString(),
      filledRecords: outlined.filter(({ record }) => record.source === 'outbox').length,
      eventCount: events,
      erasureNo: texts.erasureNo,
      ...rows,
      waiting,
      acknowledgements: acknowledgementRows(outlined, projectedAtMicros),
      closedSubmissions: closedRows(outlined),
    },
    outlined,
    events,
    accounts: balances.count,
    accountsNotice: accountsNotice(balances),
  };
}

/** What the events of records become. */
export function eventRows(
  outlined: readonly OutlinedRecord[],
  nowMs: number,
  texts: TextOpener = UNOPENED,
): { rows: EventRows; events: number; balances: BalanceSlots } {
  const events = outlined.reduce((sum, { outline }) => sum + outline.eventRanges.length / 2, 0);
  const entries = new BinaryRows(events * USUAL_ENTRY_BYTES);
  const balances = new BalanceSlots(events);
  const beside: Beside = { links: undefined, holds: new HoldChanges(), texts };
  for (const one of outlined) addEvents(one, entries, balances, beside);
  const rows = {
    entries: events === 0 ? undefined : entries.finish(),
    entryLinks: beside.links?.finish(),
    holds: beside.holds.json(),
    newBalances: newBalances(balances, halvesOf(BigInt(nowMs) * MICROS_PER_MS)),
    changedBalances: changedBalances(balances),
  };
  return { rows, events, balances };
}

const fields = newEventFields();

/** What few events have beside their entries and balances. */
type Beside = {
  links: BinaryRows | undefined;
  readonly holds: HoldChanges;
  readonly texts: TextOpener;
};

function addEvents(
  one: OutlinedRecord,
  entries: BinaryRows,
  balances: BalanceSlots,
  beside: Beside,
): void {
  const { payload } = one.record;
  const { eventRanges, submissions } = one.outline;
  const submissionIds = submissions.map((part) => Buffer.from(part.submissionId));
  const reader = new WireReader(payload);
  try {
    for (let i = 0; i < eventRanges.length; i += 2) {
      reader.at = eventRanges[i] ?? 0;
      decodeEvent(reader, eventRanges[i + 1] ?? 0, fields);
      const number = fields.submissionNumber;
      if (number > submissionIds.length)
        throw new UndecodableRecord(`there is no submission ${number}`);
      const submissionId = number === 0 ? undefined : submissionIds[number - 1];
      const text = fields.sealedAt < 0 ? undefined : beside.texts.open(payload, fields);
      addEntry(entries, payload, fields, submissionId, text);
      balances.add(payload, fields, beside.texts);
      if (namesSomething(fields)) addBeside(beside, payload);
    }
  } catch (cause) {
    throw new UndecodableRecord(`${nameOf(one.record)} cannot be decoded`, { cause });
  }
}

function addBeside(beside: Beside, payload: Buffer): void {
  beside.links ??= new BinaryRows(LINK_BYTES);
  addLink(beside.links, payload, fields);
  if (fields.holdAt >= 0) beside.holds.add(payload, fields);
}
