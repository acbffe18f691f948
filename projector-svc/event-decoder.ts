/**
 * Decodes one EventRecord into plain fields, by hand: the hottest step of the projector. A property
 * test holds it equal to the generated code. An event type that it does not know is an error that
 * names it, never skipped.
 */
import { EventType } from '#proto/bank/event/v1/events.ts';
import { BODIES } from './event-bodies.ts';
import type { BodyFields } from './event-bodies.ts';
import { resetEventFields } from './event-fields.ts';
import type { EventFields } from './event-fields.ts';
import { UndecodableRecord, UnknownEventType } from './record-outline.ts';
import { parseValueDate } from './value-date.ts';
import { MalformedWire, WIRE } from '#platform/wire-reader.ts';
import type { WireReader } from '#platform/wire-reader.ts';

const STATE_FIELD = 15;

/** Reads the event between reader.at and end into fields. */
export function decodeEvent(reader: WireReader, end: number, fields: EventFields): void {
  decodeHead(reader, end, fields);
  reader.at = fields.bodyAt;
  decodeBody(reader, fields.bodyEnd, fields);
  reader.at = end;
}

/** The same without the event's body: its account, version, type and item. */
export function decodeHead(reader: WireReader, end: number, fields: EventFields): void {
  resetEventFields(fields);
  while (reader.at < end) {
    const tag = reader.varint32();
    switch (tag) {
      case 0x0a:
        fields.accountAt = uuidAt(reader);
        break;
      case 0x10:
        reader.varint64();
        fields.versionLow = reader.low;
        fields.versionHigh = reader.high;
        break;
      case 0x18:
        fields.type = reader.varint32();
        break;
      case 0x20:
        reader.varint64();
        fields.recordedLow = reader.low;
        fields.recordedHigh = reader.high;
        break;
      case 0x2a:
        fields.operationAt = uuidAt(reader);
        break;
      case 0x32:
        fields.bodyEnd = reader.lengthEnd();
        fields.bodyAt = reader.at;
        reader.at = fields.bodyEnd;
        break;
      case 0x38:
        fields.submissionNumber = reader.varint32();
        break;
      case 0x40:
        reader.varint64();
        fields.itemLow = reader.low;
        fields.itemHigh = reader.high;
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  endsAt(reader, end);
  if (fields.accountAt < 0 || fields.bodyAt < 0)
    throw new UndecodableRecord('an event lacks its account or body');
  if (fields.versionHigh < 0 || (fields.versionHigh === 0 && fields.versionLow === 0)) {
    throw new UndecodableRecord('an event has no version');
  }
}

function decodeBody(reader: WireReader, end: number, fields: EventFields): void {
  const shown = BODIES[fields.type];
  if (shown === undefined) throw new UnknownEventType(`the event type ${fields.type} is not known`);
  let found = false;
  let stateFound = false;
  while (reader.at < end) {
    const tag = reader.varint32();
    if ((tag & 7) !== WIRE.bytes) {
      reader.skip(tag & 7);
      continue;
    }
    const partEnd = reader.lengthEnd();
    if (tag >>> 3 === STATE_FIELD) {
      stateFound = true;
      fields.stateAt = reader.at;
      fields.stateEnd = partEnd;
      decodeState(reader, partEnd, fields);
    } else if (tag >>> 3 === fields.type) {
      found = true;
      if (fields.type === EventType.EVENT_TYPE_ACCOUNT_OPENED) {
        fields.openedAt = reader.at;
        fields.openedEnd = partEnd;
      } else decodeShown(reader, partEnd, shown, fields);
    }
    reader.at = partEnd;
  }
  endsAt(reader, end);
  if (!found) throw new UndecodableRecord(`an event of type ${fields.type} has another body`);
  if (!stateFound) throw new UndecodableRecord('an event lacks the state after it');
}

function decodeShown(
  reader: WireReader,
  end: number,
  shown: BodyFields,
  fields: EventFields,
): void {
  while (reader.at < end) {
    const tag = reader.varint32();
    const field = tag >>> 3;
    if ((tag & 7) === WIRE.varint) {
      reader.varint64();
      if (field === shown.amount) setAmount(reader.low, reader.high, shown.sign, fields);
      else setNumber(reader, field, shown, fields);
    } else if ((tag & 7) === WIRE.bytes && field === shown.reference) {
      const textEnd = reader.lengthEnd();
      decodeText(reader, textEnd, fields);
      reader.at = textEnd;
    } else if ((tag & 7) === WIRE.bytes && field === shown.valueDate) {
      const textEnd = reader.lengthEnd();
      if (textEnd > reader.at) fields.valueDate = parseValueDate(reader.bytes, reader.at, textEnd);
      reader.at = textEnd;
    } else if ((tag & 7) === WIRE.bytes && isId(field, shown)) {
      const at = uuidAt(reader);
      if (at < 0) continue;
      if (field === shown.operation) fields.operationAt = at;
      else if (field === shown.counterpart) fields.counterpartAt = at;
      else fields.holdAt = at;
    } else reader.skip(tag & 7);
  }
  endsAt(reader, end);
}

function isId(field: number, { operation, counterpart, hold }: BodyFields): boolean {
  return field === operation || field === counterpart || field === hold;
}

/** The number that was just read, in the place of its field. */
function setNumber(
  { low, high }: WireReader,
  field: number,
  shown: BodyFields,
  fields: EventFields,
): void {
  if (field === shown.counterpartVersion) {
    fields.counterpartLow = low;
    fields.counterpartHigh = high;
  } else if (field === shown.reversed) {
    fields.reversedLow = low;
    fields.reversedHigh = high;
  } else if (field === shown.holdLeft) {
    fields.holdLeftLow = low;
    fields.holdLeftHigh = high;
  } else if (field === shown.expires) {
    fields.expiresLow = low;
    fields.expiresHigh = high;
  }
}

function setAmount(low: number, high: number, sign: number, fields: EventFields): void {
  fields.amountLow = sign < 0 ? (~low + 1) | 0 : low;
  fields.amountHigh = sign < 0 ? (low === 0 ? (~high + 1) | 0 : ~high) : high;
}

/** SealedText: where its plain or its sealed form stands; the last one counts. */
function decodeText(reader: WireReader, end: number, fields: EventFields): void {
  while (reader.at < end) {
    const tag = reader.varint32();
    if (tag === 0x0a) {
      fields.referenceEnd = reader.lengthEnd();
      fields.referenceAt = reader.at;
      fields.sealedAt = fields.sealedEnd = -1;
      reader.at = fields.referenceEnd;
    } else if (tag === 0x12) {
      fields.sealedEnd = reader.lengthEnd();
      fields.sealedAt = reader.at;
      fields.referenceAt = fields.referenceEnd = -1;
      reader.at = fields.sealedEnd;
    } else reader.skip(tag & 7);
  }
}

function decodeState(reader: WireReader, end: number, fields: EventFields): void {
  while (reader.at < end) {
    const tag = reader.varint32();
    switch (tag) {
      case 0x08:
        reader.varint64();
        fields.balanceLow = reader.low;
        fields.balanceHigh = reader.high;
        break;
      case 0x10:
        reader.varint64();
        fields.heldLow = reader.low;
        fields.heldHigh = reader.high;
        break;
      case 0x18:
        reader.varint64();
        fields.overdraftLow = reader.low;
        fields.overdraftHigh = reader.high;
        break;
      case 0x22:
        fields.currencyEnd = reader.lengthEnd();
        fields.currencyAt = reader.at;
        reader.at = fields.currencyEnd;
        break;
      case 0x28:
        fields.status = reader.varint32();
        break;
      case 0x30:
        fields.debitsFrozen = reader.varint32() !== 0;
        break;
      case 0x38:
        fields.creditsFrozen = reader.varint32() !== 0;
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  endsAt(reader, end);
}

function endsAt(reader: WireReader, end: number): void {
  if (reader.at !== end)
    throw new MalformedWire('a message is longer than the field that holds it');
}

/** The place of 16 bytes; an empty field is none. */
function uuidAt(reader: WireReader): number {
  const end = reader.lengthEnd();
  const at = reader.at;
  reader.at = end;
  if (end === at) return -1;
  if (end - at !== 16) throw new UndecodableRecord(`an id has ${end - at} bytes, not 16`);
  return at;
}
