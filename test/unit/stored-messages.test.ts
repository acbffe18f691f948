/**
 * The stored messages against their fixtures: every message and every field of bank.event.v1 stands
 * in one, so that a field which is renumbered, retyped or taken away is found here; and each is
 * read by today's code, the hand-written decoders included.
 */
import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  fromBinary,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { isReflectMessage, reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { describe, expect, it } from 'vitest';
import { int64Of, WireReader } from '#platform/wire-reader.ts';
import { EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { Event, EventType, eventTypeFromJSON } from '#proto/bank/event/v1/events.ts';
import { storedFixtures } from '#test/support/planted-log.ts';
import { receiptState } from '../../command-svc/event-codec.ts';
import { decodeEvent } from '../../projector-svc/event-decoder.ts';
import { newEventFields } from '../../projector-svc/event-fields.ts';

const DESCRIPTORS = new URL('../../generated/descriptors.binpb', import.meta.url);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)));
const PACKAGE = 'bank.event.v1.';

const FIXTURES = [
  { file: 'events-v1.json', type: 'Event' },
  { file: 'event-batches-v1.json', type: 'EventBatch' },
] as const;

function messageOf(name: string): DescMessage {
  const found = registry.getMessage(PACKAGE + name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

function decoded({ file, type }: (typeof FIXTURES)[number]): ReflectMessage[] {
  const message = messageOf(type);
  return storedFixtures(file).map(({ hex }) =>
    reflect(message, fromBinary(message, Buffer.from(hex, 'hex'))),
  );
}

/** `Message.field` of every field that is set somewhere in the message. */
function addFieldsSet(message: ReflectMessage, found: Set<string>): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    found.add(nameOf(field));
    for (const inner of messagesIn(message, field)) addFieldsSet(inner, found);
  }
}

function messagesIn(message: ReflectMessage, field: DescField): ReflectMessage[] {
  if (field.fieldKind === 'message') return [message.get(field)];
  if (field.fieldKind !== 'list' || field.listKind !== 'message') return [];
  const list: Iterable<unknown> = message.get(field);
  return [...list].filter((one) => isReflectMessage(one));
}

function nameOf(field: DescField): string {
  return `${field.parent.name}.${field.name}`;
}

const storedFields = [...registry]
  .filter((type) => type.kind === 'message')
  .filter(({ typeName }) => typeName.startsWith(PACKAGE))
  .flatMap((message) => message.fields.map(nameOf));

const withValues = new Set<string>();
for (const fixture of FIXTURES) {
  for (const message of decoded(fixture)) addFieldsSet(message, withValues);
}

describe('the fixtures', () => {
  it('hold every field of every stored message', () => {
    expect(storedFields.length).toBeGreaterThan(80);
    expect(storedFields.filter((name) => !withValues.has(name))).toEqual([]);
  });

  it('hold every event type', () => {
    const types = Object.keys(EventType).length - 2; // 0 and UNRECOGNIZED
    const bodies = new Set(decoded(FIXTURES[0]).map((event) => event.oneofCase(bodyOneof())?.name));
    expect(bodies.size).toBe(types);
  });
});

describe('today', () => {
  it.each(storedFixtures('events-v1.json'))('the projector reads $name', ({ hex }) => {
    const event = Event.decode(Buffer.from(hex, 'hex'));
    const type = typeOf(event);
    const accountId = new Uint8Array(16).fill(7);
    const record = { accountId, version: 1n, type, recordedAtMicros: 1n, event };
    const bytes = EventRecord.encode(EventRecord.fromPartial(record)).finish();
    const reader = new WireReader(Buffer.from(bytes));
    const fields = newEventFields();
    decodeEvent(reader, reader.end, fields);
    expect(fields.type).toBe(type);
    const balance = int64Of(fields.balanceLow, fields.balanceHigh);
    expect(balance).toBe(event.after?.balanceMinor);
  });

  it.each(storedFixtures('events-v1.json'))('the command side reads the state of $name', (one) => {
    const payload = Buffer.from(one.hex, 'hex');
    const { after } = Event.decode(payload);
    expect(receiptState(payload, 5n)).toMatchObject({
      version: 5n,
      balanceMinor: after?.balanceMinor,
      heldMinor: after?.heldMinor,
      debitsFrozen: after?.debitsFrozen,
      creditsFrozen: after?.creditsFrozen,
    });
  });
});

/** The type's name is the body's, in capitals. */
function typeOf({ body }: Event): EventType {
  const name = body?.$case.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return eventTypeFromJSON(`EVENT_TYPE_${name}`);
}

function bodyOneof() {
  const oneof = messageOf('Event').oneofs.find(({ name }) => name === 'body');
  if (oneof === undefined) throw new Error('Event has no body');
  return oneof;
}
