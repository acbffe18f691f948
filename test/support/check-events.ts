/**
 * Events against the log and against what was sent: versions dense from 1, the hash chain whole,
 * times that never fall, the same bytes in the table and in the log, and each accepted item exactly
 * one event.
 */
import { createHash } from 'node:crypto';
import { Event, type SealedText } from '#proto/bank/event/v1/events.ts';
import type { Payroll, PayrollItem } from '#test/support/payroll.ts';
import { uuidOf, type EventRow, type LogRecord } from '#test/support/stored-rows.ts';

export function checkEvents(
  events: readonly EventRow[],
  log: readonly LogRecord[],
  payrolls: readonly Payroll[],
): string[] {
  return [
    ...chainProblems(events),
    ...logProblems(events, log),
    ...payrolls.flatMap((payroll) => itemProblems(payroll, log)),
  ];
}

export function chainProblems(events: readonly EventRow[]): string[] {
  const problems: string[] = [];
  let before: EventRow | undefined;
  for (const event of events) {
    const previous = before?.account_id === event.account_id ? before : undefined;
    const at = `event ${event.account_id}/${event.version}`;
    if (event.version !== (previous?.version ?? 0n) + 1n) problems.push(`${at}: a gap before it`);
    if (previous !== undefined && event.recorded_micros < previous.recorded_micros) {
      problems.push(`${at}: recorded before the event before it`);
    }
    if (!event.hash.equals(chainedHash(previous?.hash ?? Buffer.alloc(0), event))) {
      problems.push(`${at}: its hash does not follow from what it says`);
    }
    before = event;
  }
  return problems;
}

/** SHA-256 over the hash before and the event's parts, each with its length before it (4 bytes). */
function chainedHash(before: Buffer, event: EventRow): Buffer {
  const hash = createHash('sha256');
  const int = (bytes: number, write: (buffer: Buffer) => void): Buffer => {
    const buffer = Buffer.alloc(bytes);
    write(buffer);
    return buffer;
  };
  const parts = [
    before,
    Buffer.from(event.account_id.replaceAll('-', ''), 'hex'),
    int(8, (buffer) => buffer.writeBigInt64BE(event.version)),
    int(2, (buffer) => buffer.writeInt16BE(event.type)),
    int(8, (buffer) => buffer.writeBigInt64BE(event.recorded_micros)),
    Buffer.from((event.operation_id ?? '').replaceAll('-', ''), 'hex'),
    event.payload,
  ];
  for (const part of parts) {
    hash.update(int(4, (buffer) => buffer.writeInt32BE(part.length)));
    hash.update(part);
  }
  return hash.digest();
}

function logProblems(events: readonly EventRow[], log: readonly LogRecord[]): string[] {
  const stored = new Map(events.map((event) => [`${event.account_id}/${event.version}`, event]));
  const problems: string[] = [];
  for (const { partition, seq, record } of log) {
    const key = `${uuidOf(record.accountId)}/${record.version}`;
    const event = stored.get(key);
    stored.delete(key);
    if (event === undefined) {
      problems.push(
        `event ${key} of log ${partition}/${seq}: not in the table, or twice in the log`,
      );
    } else if (!sameEvent(event, record)) {
      problems.push(`event ${key}: differs between the table and log ${partition}/${seq}`);
    }
  }
  for (const key of stored.keys()) problems.push(`event ${key}: not in the log`);
  return problems;
}

function sameEvent(event: EventRow, record: LogRecord['record']): boolean {
  if (record.event === undefined) return false;
  const same =
    event.payload.equals(Event.encode(record.event).finish()) &&
    event.type === record.type &&
    event.recorded_micros === record.recordedAtMicros;
  const operation = record.operationId.length === 0 ? null : uuidOf(record.operationId);
  return same && event.operation_id === operation;
}

/** Each accepted item has one event that says what the item says; no other item has one. */
function itemProblems(payroll: Payroll, log: readonly LogRecord[]): string[] {
  const problems: string[] = [];
  const found = new Map<number, number>();
  for (const { batch, record } of log) {
    const part = batch.submissions[record.submissionNumber - 1];
    if (part?.submissionId !== payroll.submissionId) continue;
    const index = Number(record.itemIndex);
    found.set(index, (found.get(index) ?? 0) + 1);
    const item = payroll.items[index];
    if (item === undefined || !says(record, item)) {
      problems.push(`item ${index} of ${payroll.submissionId}: its event says something else`);
    }
  }
  payroll.items.forEach((item, index) => {
    const wanted = item.outcome === 'accepted' ? 1 : 0;
    const count = found.get(index) ?? 0;
    if (count !== wanted) {
      problems.push(`item ${index} of ${payroll.submissionId}: ${item.outcome}, ${count} events`);
    }
  });
  return problems;
}

function says(record: LogRecord['record'], item: PayrollItem): boolean {
  const said = saidBy(record.event?.body);
  if (said === undefined) return false;
  const { amountMinor, text, valueDate } = said;
  return (
    uuidOf(record.accountId) === item.accountId &&
    amountMinor === item.amountMinor &&
    saysText(text, item.reference) &&
    valueDate === item.valueDate &&
    record.event?.after?.currencyCode === item.currencyCode
  );
}

/** Of a sealed one only that it is there: what it says is the projection's to show. */
function saysText(stored: SealedText | undefined, text: string): boolean {
  if (stored?.form?.$case === 'sealed') return text !== '';
  return (stored?.form?.value ?? '') === text;
}

/** Of what items of payrolls, and of their reversals, do. */
function saidBy(body: Event['body']) {
  if (body?.$case === 'moneyDeposited') {
    const { amountMinor, reference: text, valueDate } = body.value;
    return { amountMinor, text, valueDate };
  }
  if (body?.$case !== 'operationReversed') return undefined;
  const { balanceChangeMinor: amountMinor, reason: text } = body.value;
  return { amountMinor, text, valueDate: '' };
}
