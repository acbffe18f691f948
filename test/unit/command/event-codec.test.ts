/** Stored bytes that are written by hand equal ts-proto's, and carry the state after them. */
import { ANYONE } from '#platform/caller.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolve, NO_ACCOUNT } from '#domain/account.ts';
import type { CarriedState } from '#domain/account.ts';
import type { Deposit } from '#domain/commands.ts';
import type { AccountEvent } from '#domain/events.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { encodeBatch } from '../../../command-svc/batch-codec.ts';
import type { BatchItem } from '../../../command-svc/batch-item.ts';
import type { DecidedEvent } from '../../../command-svc/decided-events.ts';
import {
  carriedState,
  decodeEvent,
  encodeEvent,
  replay,
} from '../../../command-svc/event-codec.ts';
import { eventTypeOf } from '../../../command-svc/event-body-encoder.ts';
import { writeEvent } from '../../../command-svc/event-writer.ts';
import { commandOf, OPENED } from '#test/support/commands.ts';
import { WireWriter } from '#platform/wire-writer.ts';
import { uuidToBytes } from '#platform/uuid.ts';

const amount = fc.bigInt({ min: 1n, max: 10n ** 15n });
const text = fc.string({ maxLength: 140 });
const deposited = fc.record({
  type: fc.constant('MoneyDeposited' as const),
  amountMinor: amount,
  reference: text,
  valueDate: fc.constantFrom('', '2026-11-25'),
});
const openedEvent = fc.record({
  type: fc.constant('AccountOpened' as const),
  tenant: fc.constant(''),
  currencyCode: fc.constantFrom('EUR', 'JPY', 'KWD'),
  owner: text,
  overdraftLimitMinor: amount,
  labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text, {
    maxKeys: 4,
    noNullPrototype: true,
  }),
});

describe('encodeEvent', () => {
  it('carries the state that a replay of all events gives', () => {
    fc.assert(
      fc.property(openedEvent, fc.array(deposited, { maxLength: 20 }), (first, rest) => {
        const payloads: Uint8Array[] = [];
        let state = evolve(NO_ACCOUNT, first);
        payloads.push(encodeEvent(first, state));
        for (const event of rest) {
          state = evolve(state, event);
          payloads.push(encodeEvent(event, state));
        }
        expect(replay(NO_ACCOUNT, payloads)).toEqual(state);
        const { openHolds, ...carried } = state;
        expect(openHolds).toEqual([]);
        expect(carriedState(payloads.at(-1) ?? new Uint8Array(), state.version)).toEqual(carried);
        expect(decodeEvent(payloads[0] ?? new Uint8Array()).event).toEqual(first);
      }),
    );
  });

  it('asks for a replay when the stored state is of an older shape', () => {
    const event: AccountEvent = {
      type: 'MoneyDeposited',
      amountMinor: 1n,
      reference: '',
      valueDate: '',
    };
    const state = evolve(evolve(NO_ACCOUNT, sample), event);
    const older = Event.decode(encodeEvent(event, state));
    if (older.after !== undefined) older.after.shape = 0;
    expect(carriedState(Event.encode(older).finish(), state.version)).toBeUndefined();
  });
});

const sample: AccountEvent = OPENED;

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const anyState: fc.Arbitrary<CarriedState> = fc.record({
  status: fc.constantFrom('open' as const, 'closed' as const),
  version: fc.bigInt({ min: 1n, max: 10n ** 12n }),
  currencyCode: fc.constantFrom('EUR', 'JPY'),
  balanceMinor: fc.oneof(int64, fc.constant(0n)),
  heldMinor: fc.oneof(int64, fc.constant(0n)),
  overdraftLimitMinor: fc.oneof(int64, fc.constant(0n)),
  debitsFrozen: fc.boolean(),
  creditsFrozen: fc.boolean(),
});
const binary = fc.string({ unit: 'binary', maxLength: 140 }).map((one) => one.toWellFormed());
const anyDeposited = fc.record({
  type: fc.constant('MoneyDeposited' as const),
  amountMinor: int64,
  reference: binary,
  valueDate: fc.constantFrom('', '2026-11-25'),
});

const anyOpened = fc.record({
  type: fc.constant('AccountOpened' as const),
  tenant: fc.oneof(fc.constant(''), binary),
  currencyCode: fc.constantFrom('EUR', 'JPY', ''),
  owner: binary,
  overdraftLimitMinor: int64,
  labels: fc.dictionary(binary, binary, { maxKeys: 16, noNullPrototype: true }),
});

describe('writeEvent', () => {
  it('writes what encodeEvent answers, one event after the other', () => {
    const events = fc.array(fc.tuple(fc.oneof(anyDeposited, anyOpened), anyState));
    fc.assert(
      fc.property(events, (list) => {
        const writer = new WireWriter(0);
        for (const [event, after] of list) writeEvent(writer, event, after);
        const plain = Buffer.concat(list.map(([event, after]) => encodeEvent(event, after)));
        expect(writer.finish().toString('hex')).toBe(plain.toString('hex'));
      }),
      { numRuns: 1000 },
    );
  });
});

const ACCOUNT_ID = '11111111-1111-4111-8111-111111111111';
const BATCH_ID = '22222222-2222-4222-8222-222222222222';
const STORED_AT = 1_700_000_000_000_001n;
const RECORDED_AT = 1_700_000_000_000_000n;

function itemOf(command: Deposit, itemIndex: number): BatchItem {
  const origin = {
    kind: 'unary',
    deadlineAtMs: undefined,
    traceparent: undefined,
    caller: ANYONE,
    settle: () => undefined,
  } as const;
  const parts = { invalid: undefined, written: undefined, contentHash: '', bytes: 0 };
  return { command, itemIndex, origin, ...parts, partition: 0, otherPartition: undefined };
}

const row = fc.tuple(fc.uuid(), deposited, anyState, fc.nat(2 ** 40), fc.boolean());

type Row = typeof row extends fc.Arbitrary<infer Value> ? Value : never;

function decidedEvent(
  writer: WireWriter,
  [accountId, event, state, itemIndex, named]: Row,
  commandNumber: number,
): DecidedEvent {
  const start = writer.length;
  writeEvent(writer, event, state);
  const operationId = named ? accountId : undefined;
  const { amountMinor, reference, valueDate } = event;
  const content = { accountId, operationId, amountMinor, reference, valueDate };
  const idBytes = uuidToBytes(accountId);
  const after = { ...state, openHolds: [] };
  return {
    accountId,
    type: eventTypeOf(event),
    after: { idBytes, state: after, hash: '', recordedAtMicros: RECORDED_AT, holder: undefined },
    start,
    end: writer.length,
    item: itemOf(commandOf('Deposit', content), itemIndex),
    commandNumber,
    operationId,
    isOfItem: true,
  };
}

describe('encodeBatch', () => {
  it("writes what ts-proto's encoder writes", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 10 }), fc.nat(15), (rows, partition) => {
        const writer = new WireWriter(0);
        const events = rows.map((one, at) => decidedEvent(writer, one, at));
        const payloads = writer.finish();
        const acceptedIndexes = Uint8Array.from([1, 2]);
        const submissionId = 's'.repeat(128);
        const part = { tenant: '', submissionId, accepted: rows.length, acceptedIndexes };
        const replayed = { submissionNumber: 1, itemIndex: 3, accountId: ACCOUNT_ID, version: 4n };
        const others = [
          { partition: 0, seq: 7n },
          { partition: 300, seq: 2n ** 40n },
        ];
        const packed = encodeBatch({
          batchId: BATCH_ID,
          partition,
          storedAtMicros: STORED_AT,
          events,
          payloads,
          submissionNumberOf: () => 1,
          submissions: [part],
          others,
          replayed: [replayed],
        });
        const plain = EventBatch.fromPartial({
          partition,
          storedAtMicros: STORED_AT,
          submissions: [part],
          others,
          batchId: uuidToBytes(BATCH_ID),
          events: events.map(({ type, after, item, start, end, commandNumber }) => {
            const operationId = item.command?.operationId;
            return {
              version: after.state.version,
              type,
              recordedAtMicros: RECORDED_AT,
              submissionNumber: 1,
              commandNumber,
              accountId: after.idBytes,
              operationId: operationId === undefined ? new Uint8Array() : uuidToBytes(operationId),
              event: Event.decode(payloads.subarray(start, end)),
              itemIndex: BigInt(item.itemIndex),
            };
          }),
          replayed: [{ ...replayed, itemIndex: 3n, accountId: uuidToBytes(ACCOUNT_ID) }],
        });
        const expected = Buffer.from(EventBatch.encode(plain).finish()).toString('hex');
        expect(packed.toString('hex')).toBe(expected);
      }),
    );
  });
});
