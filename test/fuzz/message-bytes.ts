/**
 * Messages of any type as bytes, made from its descriptor: whole ones with values that make sense
 * (ids of the ground, tokens that were answered before) and values at the edges of what a field
 * takes. They are encoded here, not by a library, so that they can hold what none would write:
 * enums that do not exist, times out of range, a member of a oneof twice.
 */
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { lengthField, NOTHING, varintField } from './wire-bytes.ts';

/** What fields of these kinds of names may hold; grows with what is answered. */
export type Ground = {
  readonly accountIds: readonly string[];
  readonly submissionIds: readonly string[];
  readonly operationIds: readonly string[];
  /** Page and resume tokens. */
  readonly tokens: readonly string[];
};

type Bytes = fc.Arbitrary<Buffer>;

const LIST_MAX = 3;
/** Beyond what any list takes: the element many times over. */
const MANY = 5_001;
const RARELY = 200;
/** Of a field that may be left out, so often it is there. */
const PRESENT_OF_LEFT_OUT = 8;

export function messageBytes(message: DescMessage, ground: Ground): Bytes {
  const parts = message.members.map((member) => {
    if (member.kind === 'field') return leftOutAtTimes(fieldBytes(member, ground));
    const choices = member.fields.map((field) => fieldBytes(field, ground));
    return leftOutAtTimes(fc.oneof(...choices));
  });
  return fc.tuple(...parts).map((all) => Buffer.concat(all));
}

function leftOutAtTimes(bytes: Bytes): Bytes {
  return fc.oneof(
    { arbitrary: bytes, weight: PRESENT_OF_LEFT_OUT },
    { arbitrary: fc.constant(NOTHING), weight: 1 },
  );
}

function fieldBytes(field: DescField, ground: Ground): Bytes {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarBytes(field.number, field.scalar, field.name, ground);
    case 'enum':
      return numberBytes(field.number, enumNumbers(field.enum.values.map(({ number }) => number)));
    case 'message':
      return messageBytes(field.message, ground).map((one) => lengthField(field.number, one));
    case 'list':
      return listOf(elementBytes(field, ground));
    case 'map':
      return listOf(entryBytes(field, ground));
  }
}

type ListField = DescField & { fieldKind: 'list' };
type MapField = DescField & { fieldKind: 'map' };

function elementBytes(field: ListField, ground: Ground): Bytes {
  const { number, name } = field;
  if (field.listKind === 'scalar') return scalarBytes(number, field.scalar, name, ground);
  if (field.listKind === 'message') {
    return messageBytes(field.message, ground).map((one) => lengthField(number, one));
  }
  return numberBytes(number, enumNumbers(field.enum.values.map((value) => value.number)));
}

function entryBytes(field: MapField, ground: Ground): Bytes {
  const key = scalarBytes(1, field.mapKey, field.name, ground);
  const value =
    field.mapKind === 'scalar'
      ? scalarBytes(2, field.scalar, '', ground)
      : fc.constant<Buffer>(NOTHING);
  return fc.tuple(key, value).map((entry) => lengthField(field.number, Buffer.concat(entry)));
}

function listOf(element: Bytes): Bytes {
  const few = fc.array(element, { maxLength: LIST_MAX }).map((all) => Buffer.concat(all));
  const many = element.map((one) => Buffer.concat(Array.from({ length: MANY }, () => one)));
  return fc.oneof({ arbitrary: few, weight: RARELY }, { arbitrary: many, weight: 1 });
}

function scalarBytes(number: number, type: ScalarType, name: string, ground: Ground): Bytes {
  if (type === ScalarType.STRING) {
    return textOf(name, ground).map((text) => lengthField(number, Buffer.from(text)));
  }
  if (type === ScalarType.BYTES) {
    return fc.uint8Array({ maxLength: 64 }).map((bytes) => lengthField(number, bytes));
  }
  // The contract has no fractions and no numbers of fixed width.
  return numberBytes(number, type === ScalarType.BOOL ? fc.constantFrom(0n, 1n) : wholeNumbers);
}

function numberBytes(number: number, values: fc.Arbitrary<bigint>): Bytes {
  return values.map((value) => varintField(number, value));
}

function enumNumbers(known: readonly number[]): fc.Arbitrary<bigint> {
  const numbers = [...known, -1, 999, 2 ** 31 - 1].map(BigInt);
  return fc.constantFrom(...numbers);
}

const now = BigInt(Math.floor(Date.now() / 1000));
const edges = [0, 1, -1, 2, 999, 1_000, 1_001, 5_000, 2 ** 31 - 1, -(2 ** 31), 2 ** 31].map(BigInt);
const wholeNumbers = fc.oneof(
  fc.bigInt({ min: 0n, max: 20n }),
  fc.constantFrom(...edges, now, now + 600n, 2n ** 63n - 1n, -(2n ** 63n), 253_402_300_800n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

const texts = fc.oneof(
  fc.constantFrom('', 'x', '0', ' ', 'x'.repeat(140), 'x'.repeat(141), '\0', 'a\0b', '__proto__'),
  fc.constantFrom('\u{1F600}'.repeat(90), 'e\u0301', '\u202e', '%s%n', "'; drop table events; --"),
  fc.constantFrom('2026-01-31', '2026-02-30', '0000-00-00', 'null', '[]', 'x'.repeat(10_000)),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

/** Mostly what makes sense in a field of that name, sometimes any text. */
function textOf(name: string, ground: Ground): fc.Arbitrary<string> {
  const sensible = sensibleTexts(name, ground);
  if (sensible.length === 0) return texts;
  return fc.oneof(
    { arbitrary: fc.constantFrom(...sensible), weight: 6 },
    { arbitrary: fc.uuid(), weight: 1 },
    { arbitrary: texts, weight: 1 },
  );
}

function sensibleTexts(name: string, ground: Ground): readonly string[] {
  if (/account_id|sweep_to|min_versions/.test(name)) return ground.accountIds;
  if (name.includes('submission_id')) return ground.submissionIds;
  if (name.endsWith('_id')) return ground.operationIds;
  if (name.includes('token')) return ['', ...ground.tokens];
  if (name === 'currency_code') return ['EUR', 'EUR', 'EUR', 'CHF', 'JPY', 'eur', ''];
  if (name.includes('date')) return ['', '2026-01-31', '2024-02-29', '2026-02-29'];
  if (name === 'owner' || name === 'owners') return ['Ada', 'Bob', ''];
  return [];
}
