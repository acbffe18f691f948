/**
 * The decoder by hand says what the generated code says, for every kind of event, and refuses the
 * rest.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidFromBytes, uuidToBytes } from '#platform/uuid.ts';
import { EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { AccountState, EventType } from '#proto/bank/event/v1/events.ts';
import { decodeEvent } from '../../../projector-svc/event-decoder.ts';
import { NO_DATE, newEventFields } from '../../../projector-svc/event-fields.ts';
import { int64Of, WireReader } from '#platform/wire-reader.ts';
import { namedBy, shownOf, type Body } from './shown-bodies.ts';

const amount = fc.bigInt({ min: 1n, max: (1n << 63n) - 1n });
const signed = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const plain = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((value) => ({ form: { $case: 'plain' as const, value } }));
const day = fc.constantFrom('', '2026-06-30', '1999-12-31', '2000-01-01');
const id = fc.uuid().map((value) => uuidToBytes(value));
const at = fc.bigInt({ min: 1n, max: 4_000_000_000_000_000n });

const money = fc.record({ amountMinor: amount, reference: plain, valueDate: day });
const leg = fc.record({
  amountMinor: amount,
  counterpartAccountId: id,
  counterpartVersion: amount,
  reference: plain,
  valueDate: day,
  operationId: fc.oneof(id, fc.constant(new Uint8Array(0))),
});
const hold = fc.record({
  holdId: id,
  amountMinor: amount,
  remainingMinor: amount,
  expiresAtMicros: at,
  reference: plain,
});
const reason = fc.record({ reason: plain });

const bodies: fc.Arbitrary<Body>[] = [
  fc
    .record({
      tenant: fc.constant(''),
      currencyCode: fc.constant('EUR'),
      owner: plain,
      overdraftLimitMinor: amount,
      labels: fc.constant({ a: 'b' }),
    })
    .map((value) => ({ $case: 'accountOpened', value })),
  money.map((value) => ({ $case: 'moneyDeposited', value })),
  money.map((value) => ({ $case: 'moneyWithdrawn', value })),
  leg.map((value) => ({ $case: 'transferSent', value })),
  leg.map((value) => ({ $case: 'transferReceived', value })),
  hold.map((value) => ({ $case: 'holdPlaced', value })),
  hold.map((value) => ({ $case: 'holdCaptured', value: { ...value, releasedMinor: 1n } })),
  hold.map((value) => ({ $case: 'holdReleased', value })),
  hold.map((value) => ({ $case: 'holdExpired', value })),
  fc
    .record({
      reversedVersion: amount,
      balanceChangeMinor: signed,
      reason: plain,
      counterpartAccountId: id,
      counterpartVersion: amount,
    })
    .map((value) => ({ $case: 'operationReversed', value })),
  fc
    .record({ overdraftLimitMinor: amount })
    .map((value) => ({ $case: 'overdraftLimitSet', value })),
  fc
    .record({ debits: fc.boolean(), credits: fc.boolean(), reason: plain })
    .map((value) => ({ $case: 'accountFrozen', value })),
  reason.map((value) => ({ $case: 'accountUnfrozen', value })),
  fc
    .record({ reason: plain, counterpartAccountId: id, counterpartVersion: amount })
    .map((value) => ({ $case: 'accountClosed', value })),
];

const after = fc.record({
  balanceMinor: signed,
  heldMinor: amount,
  overdraftLimitMinor: amount,
  currencyCode: fc.constantFrom('EUR', 'JPY'),
  status: fc.constantFrom(1 as const, 2 as const),
  debitsFrozen: fc.boolean(),
  creditsFrozen: fc.boolean(),
  shape: fc.nat(3),
});

const kind = fc.integer({ min: 1, max: bodies.length });
const record = kind.chain((type) =>
  fc.record({
    accountId: id,
    version: amount,
    type: fc.constantFrom(...Object.values(EventType).filter((value) => value === type)),
    recordedAtMicros: at,
    operationId: fc.oneof(id, fc.constant(new Uint8Array(0))),
    event: fc.record({ body: bodies[type - 1] ?? fc.constant(undefined), after }),
    submissionNumber: fc.nat(5000),
    itemIndex: fc.bigInt({ min: 0n, max: (1n << 53n) - 1n }),
    commandNumber: fc.nat(5000),
  }),
);

const dayOf = (text: string): number =>
  text === '' ? NO_DATE : (Date.parse(text) - Date.UTC(2000, 0, 1)) / 86_400_000;

test('reads every kind of event as the generated code does', () => {
  fc.assert(
    fc.property(record, (value) => {
      const bytes = Buffer.from(EventRecord.encode(EventRecord.fromPartial(value)).finish());
      const expected = EventRecord.decode(bytes);
      const fields = newEventFields();
      const reader = new WireReader(bytes);
      decodeEvent(reader, bytes.length, fields);

      const state = expected.event?.after;
      const body = expected.event?.body;
      if (state === undefined || body === undefined) throw new Error('the fixture has no body');
      const shown = shownOf(body);
      const legOperation = body.$case === 'transferReceived' ? body.value.operationId : undefined;
      const operation = legOperation?.length ? legOperation : expected.operationId;
      const textAt = (from: number, to: number): string => bytes.toString('utf8', from, to);
      const uuidAt = (from: number): string => (from < 0 ? '' : uuidFromBytes(bytes, from));
      expect(reader.at).toBe(bytes.length);
      const stateBytes = bytes.subarray(fields.stateAt, fields.stateEnd);
      expect(AccountState.decode(stateBytes)).toEqual(state);
      expect({
        account: uuidAt(fields.accountAt),
        version: int64Of(fields.versionLow, fields.versionHigh),
        type: fields.type,
        recorded: int64Of(fields.recordedLow, fields.recordedHigh),
        operation: uuidAt(fields.operationAt),
        submission: fields.submissionNumber,
        item: int64Of(fields.itemLow, fields.itemHigh),
        amount: int64Of(fields.amountLow, fields.amountHigh),
        reference: textAt(fields.referenceAt, fields.referenceEnd),
        day: fields.valueDate,
        balance: int64Of(fields.balanceLow, fields.balanceHigh),
        held: int64Of(fields.heldLow, fields.heldHigh),
        overdraft: int64Of(fields.overdraftLow, fields.overdraftHigh),
        currency: textAt(fields.currencyAt, fields.currencyEnd),
        status: fields.status,
        frozen: [fields.debitsFrozen, fields.creditsFrozen],
        counterpart: uuidAt(fields.counterpartAt),
        counterpartVersion: int64Of(fields.counterpartLow, fields.counterpartHigh),
        reversed: int64Of(fields.reversedLow, fields.reversedHigh),
        hold: uuidAt(fields.holdAt),
        left: int64Of(fields.holdLeftLow, fields.holdLeftHigh),
        expires: int64Of(fields.expiresLow, fields.expiresHigh),
      }).toEqual({
        account: uuidFromBytes(expected.accountId),
        version: expected.version,
        type: expected.type,
        recorded: expected.recordedAtMicros,
        operation: operation.length === 0 ? '' : uuidFromBytes(operation),
        submission: expected.submissionNumber,
        item: expected.itemIndex,
        amount: shown.amount,
        reference: shown.reference,
        day: dayOf(shown.day),
        balance: state.balanceMinor,
        held: state.heldMinor,
        overdraft: state.overdraftLimitMinor,
        currency: state.currencyCode,
        status: state.status,
        frozen: [state.debitsFrozen, state.creditsFrozen],
        ...namedBy(body),
      });
    }),
    { numRuns: 400 },
  );
});

const decode = (bytes: Buffer): void => {
  decodeEvent(new WireReader(bytes), bytes.length, newEventFields());
};

test('ends in an error, and nothing else, whatever bytes it gets', () => {
  fc.assert(
    fc.property(record, fc.nat(), fc.nat(255), (value, place, byte) => {
      const bytes = Buffer.from(EventRecord.encode(EventRecord.fromPartial(value)).finish());
      bytes[place % bytes.length] = byte;
      try {
        decode(bytes);
      } catch (error) {
        expect(['UndecodableRecord', 'UnknownEventType', 'MalformedWire']).toContain(
          error instanceof Error ? error.name : '',
        );
      }
    }),
  );
});

test('names an event type that it does not know', () => {
  const value = EventRecord.fromPartial({ accountId: new Uint8Array(16), version: 1n, event: {} });
  const bytes = Buffer.concat([EventRecord.encode(value).finish(), Buffer.from([0x18, 99])]);
  expect(() => decode(bytes)).toThrow('event type 99 is not known');
});
