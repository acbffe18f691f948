/**
 * A record that cannot be applied as it came, in the form in which it is kept for people. Its id
 * follows from what it is, so that a record that comes again is kept once. All of it is bounded.
 */
import { createHash } from 'node:crypto';
import { counter } from '#platform/telemetry.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { DEAD_LETTERS } from './config.ts';
import { UndecodableRecord, UnknownEventType } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';
import { isWrongData } from './wrong-data.ts';

export const CAUSE = {
  undecodable: 'UNDECODABLE',
  unknownEventType: 'UNKNOWN_EVENT_TYPE',
  invariantBroken: 'INVARIANT_BROKEN',
  noPosition: 'NO_POSITION',
  notInLog: 'NOT_IN_LOG',
} as const;
export type Cause = (typeof CAUSE)[keyof typeof CAUSE];

/** Why a record, or an account's events in it, cannot be applied. */
export type Fault = { readonly cause: Cause; readonly message: string };

export type DeadLetter = Fault & {
  readonly deadLetterId: string;
  readonly partition: number;
  readonly seq: bigint;
  /** kafka: only its bytes are bad, the event store has the record, or will not have it. */
  readonly source: 'kafka' | 'store';
  readonly offset: bigint | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
  readonly payloadBytes: number;
  /** Of the store: nothing of the record is applied. */
  readonly isUnread: boolean;
};

export const lettersKept = counter(
  'bank.projector.dead_letters',
  'Records kept as dead letters, ever.',
  '{letter}',
  ['cause', 'source'],
);

/** undefined: the error says nothing of the record. */
export function faultOf(error: unknown): Fault | undefined {
  const chain = chainOf(error);
  const message = chain.map((one) => one.message).join(': ');
  if (chain.some((one) => one instanceof UnknownEventType)) {
    return { cause: CAUSE.unknownEventType, message };
  }
  if (chain.some((one) => one instanceof UndecodableRecord)) {
    return { cause: CAUSE.undecodable, message };
  }
  if (!isWrongData(error)) return undefined;
  return { cause: CAUSE.invariantBroken, message: `the store refuses it: ${message}` };
}

function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let e = error; e instanceof Error && chain.length < 5; e = e.cause) chain.push(e);
  return chain;
}

/** Only its bytes as Kafka brought them. */
export function letterFromKafka(record: LogRecord, fault: Fault): DeadLetter {
  const { partition, seq, offset, payload } = record;
  const id = idOf(`kafka/${partition}/${offset}/${seq}`, payload);
  return { ...kept(record, fault), deadLetterId: id, source: 'kafka', isUnread: false };
}

/** The event store's row: one letter for all accounts that fail in it for the same cause. */
export function letterOfStore(record: LogRecord, fault: Fault, isUnread: boolean): DeadLetter {
  const { partition, seq } = record;
  const id = idOf(`store/${partition}/${seq}/${fault.cause}`, Buffer.alloc(0));
  return { ...kept(record, fault), deadLetterId: id, source: 'store', isUnread };
}

function kept(
  record: LogRecord,
  { cause, message }: Fault,
): Omit<DeadLetter, 'deadLetterId' | 'source' | 'isUnread'> {
  const { partition, seq, offset, payload } = record;
  return {
    partition,
    seq,
    offset,
    headers: headersOf(record),
    payload: payload.subarray(0, DEAD_LETTERS.payloadBytesMax),
    payloadBytes: payload.length,
    cause,
    message: bounded(message),
  };
}

/** As they came; of a record from the outbox, what Debezium makes of its columns. */
function headersOf(record: LogRecord): Record<string, string> {
  const { seq, batchId, traceparent } = record;
  const given = record.headers ?? { seq: String(seq), batchId, traceparent };
  const texts = Object.entries(given).flatMap(([name, value]) => {
    const one: unknown = Array.isArray(value) ? value[0] : value;
    const text = typeof one === 'string' || Buffer.isBuffer(one) ? one.toString() : undefined;
    return text === undefined ? [] : [[bounded(name), bounded(text)] as const];
  });
  return Object.fromEntries(texts.slice(0, DEAD_LETTERS.headersMax));
}

/** What jsonb takes: no U+0000, and no half of a pair. */
function bounded(text: string): string {
  return text.slice(0, DEAD_LETTERS.textLengthMax).replaceAll('\0', '\uFFFD').toWellFormed();
}

/** A UUID of version 8 from what a letter is. */
function idOf(name: string, payload: Buffer): string {
  const bytes = createHash('sha256').update(`${name}\0`).update(payload).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidFromBytes(bytes);
}
