/**
 * Where the texts of an AccountOpened stand in its record: read by hand, since a bulk of openings
 * is as long as one of deposits. Labels are few, and the generated code's. The fields are filled
 * and used again for the next one.
 */
import { AccountOpened } from '#proto/bank/event/v1/events.ts';
import { WireReader } from '#platform/wire-reader.ts';

export type OpenedFields = {
  tenantAt: number;
  tenantEnd: number;
  currencyAt: number;
  currencyEnd: number;
  /** Its plain form. */
  ownerAt: number;
  ownerEnd: number;
  /** Its sealed form, bank.event.v1.Sealed; -1: it has none. */
  sealedAt: number;
  sealedEnd: number;
  /** The binary form of a jsonb. */
  labels: Buffer;
};

/** jsonb travels as its text behind the format's version. */
const JSONB_VERSION = '\x01';
export const NO_LABELS = Buffer.from(`${JSONB_VERSION}{}`);

export function newOpenedFields(): OpenedFields {
  return {
    tenantAt: 0,
    tenantEnd: 0,
    currencyAt: 0,
    currencyEnd: 0,
    ownerAt: 0,
    ownerEnd: 0,
    sealedAt: -1,
    sealedEnd: -1,
    labels: NO_LABELS,
  };
}

/** Reads the AccountOpened between at and end. */
export function readOpened(bytes: Buffer, at: number, end: number, fields: OpenedFields): void {
  fields.tenantAt = fields.tenantEnd = 0;
  fields.currencyAt = fields.currencyEnd = 0;
  fields.ownerAt = fields.ownerEnd = 0;
  fields.sealedAt = fields.sealedEnd = -1;
  let isLabelled = false;
  const reader = new WireReader(bytes);
  reader.at = at;
  reader.end = end;
  while (reader.at < end) {
    const tag = reader.varint32();
    if (tag === 0x0a) {
      fields.tenantEnd = reader.lengthEnd();
      fields.tenantAt = reader.at;
      reader.at = fields.tenantEnd;
    } else if (tag === 0x12) {
      fields.currencyEnd = reader.lengthEnd();
      fields.currencyAt = reader.at;
      reader.at = fields.currencyEnd;
    } else if (tag === 0x1a) {
      readOwner(reader, reader.lengthEnd(), fields);
    } else {
      if (tag === 0x2a) isLabelled = true;
      reader.skip(tag & 7);
    }
  }
  fields.labels = isLabelled ? labelsOf(bytes.subarray(at, end)) : NO_LABELS;
}

function readOwner(reader: WireReader, end: number, fields: OpenedFields): void {
  fields.ownerAt = fields.ownerEnd = 0;
  fields.sealedAt = fields.sealedEnd = -1;
  while (reader.at < end) {
    const tag = reader.varint32();
    if (tag === 0x0a) {
      fields.ownerEnd = reader.lengthEnd();
      fields.ownerAt = reader.at;
      fields.sealedAt = fields.sealedEnd = -1;
      reader.at = fields.ownerEnd;
    } else if (tag === 0x12) {
      fields.sealedEnd = reader.lengthEnd();
      fields.sealedAt = reader.at;
      fields.ownerAt = fields.ownerEnd = 0;
      reader.at = fields.sealedEnd;
    } else reader.skip(tag & 7);
  }
}

function labelsOf(opened: Uint8Array): Buffer {
  return Buffer.from(JSONB_VERSION + JSON.stringify(AccountOpened.decode(opened).labels));
}
