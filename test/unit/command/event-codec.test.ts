/**
 * Stored bytes: what was written once decodes for ever, and what is written by hand equals
 * ts-proto's.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { evolve, NO_ACCOUNT, type AccountEvent } from '#domain/account.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { encodeBatch, type PackedEvent } from '../../../command-svc/batch-codec.ts';
import { chainHash } from '../../../command-svc/event-chain.ts';
import {
  carriedState,
  decodeEvent,
  encodeEvent,
  eventTypeOf,
  replay,
} from '../../../command-svc/event-codec.ts';
import { uuidToBytes } from '#platform/uuid.ts';

const Fixtures = z.array(z.object({ name: z.string(), hex: z.string(), json: z.unknown() }));

function stored(file: string): z.infer<typeof Fixtures> {
  const text = readFileSync(new URL(`../../fixtures/${file}`, import.meta.url), 'utf8');
  return Fixtures.parse(JSON.parse(text));
}

describe('stored events', () => {
  it.each(stored('events-v1.json'))('decodes $name for ever', ({ hex, json }) => {
    expect(Event.toJSON(Event.decode(Buffer.from(hex, 'hex')))).toEqual(json);
  });

  it.each(stored('event-batches-v1.json'))('decodes the batch $name for ever', ({ hex, json }) => {
    expect(EventBatch.toJSON(EventBatch.decode(Buffer.from(hex, 'hex')))).toEqual(json);
  });

  it('says which event it cannot read', () => {
    const later = Event.encode({ body: undefined, after: Event.fromPartial({ after: {} }).after });
    expect(() => decodeEvent(later.finish())).toThrow('unknown type');
  });
});

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
        expect(carriedState(payloads.at(-1) ?? new Uint8Array(), state.version)).toEqual(state);
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

const sample: AccountEvent = {
  type: 'AccountOpened',
  tenant: '',
  currencyCode: 'EUR',
  owner: '',
  overdraftLimitMinor: 0n,
  labels: {},
};

describe('encodeBatch', () => {
  it("writes what ts-proto's encoder writes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uuid(), deposited, fc.nat(9), fc.boolean()), { maxLength: 10 }),
        fc.nat(15),
        (rows, partition) => {
          const events = rows.map(([accountId, event, itemIndex, named], at): PackedEvent => {
            const state = evolve(evolve(NO_ACCOUNT, sample), event);
            return {
              accountId,
              version: state.version,
              type: eventTypeOf(event),
              recordedAtMicros: 1_700_000_000_000_000n,
              operationId: named ? accountId : '',
              payload: encodeEvent(event, state),
              submissionNumber: 1,
              itemIndex,
              commandNumber: at,
            };
          });
          const acceptedIndexes = Uint8Array.from([1, 2]);
          const part = { tenant: '', submissionId: 's-1', accepted: rows.length, acceptedIndexes };
          const accountId = '11111111-1111-4111-8111-111111111111';
          const replayed = [{ submissionNumber: 1, itemIndex: 3, accountId, version: 4n }];
          const batchId = '22222222-2222-4222-8222-222222222222';
          const storedAtMicros = 1_700_000_000_000_001n;
          const packed = {
            batchId,
            partition,
            storedAtMicros,
            events,
            submissions: [part],
            others: [
              { partition: 0, seq: 7n },
              { partition: 300, seq: 2n ** 40n },
            ],
            replayed,
          };
          const plain = EventBatch.encode(
            EventBatch.fromPartial({
              partition,
              storedAtMicros,
              submissions: [part],
              others: packed.others,
              batchId: uuidToBytes(batchId),
              events: events.map((event) => {
                return {
                  version: event.version,
                  type: event.type,
                  recordedAtMicros: event.recordedAtMicros,
                  submissionNumber: event.submissionNumber,
                  commandNumber: event.commandNumber,
                  accountId: uuidToBytes(event.accountId),
                  operationId:
                    event.operationId === '' ? new Uint8Array() : uuidToBytes(event.operationId),
                  event: Event.decode(event.payload),
                  itemIndex: BigInt(event.itemIndex),
                };
              }),
              replayed: [
                {
                  submissionNumber: 1,
                  itemIndex: 3n,
                  accountId: uuidToBytes(accountId),
                  version: 4n,
                },
              ],
            }),
          ).finish();
          expect(encodeBatch(packed).toString('hex')).toBe(Buffer.from(plain).toString('hex'));
        },
      ),
    );
  });
});

describe('chainHash', () => {
  const facts = {
    accountId: '11111111-1111-4111-8111-111111111111',
    version: 1n,
    type: 1,
    recordedAtMicros: 5n,
    operationId: '',
    payload: Uint8Array.from([1, 2, 3]),
  } as const;

  it('is the known one for known facts', () => {
    expect(chainHash(new Uint8Array(), facts).toString('hex')).toBe(
      '0477b61b80125a320919e89619709fbc108f163ac5b8e0d726490836d5282d6c',
    );
  });

  it.each([
    ['the version', { version: 2n }],
    ['the type', { type: 2 as const }],
    ['the time', { recordedAtMicros: 6n }],
    ['the operation', { operationId: '33333333-3333-4333-8333-333333333333' }],
    ['the payload', { payload: Uint8Array.from([1, 2, 4]) }],
    ['the account', { accountId: '11111111-1111-4111-8111-111111111112' }],
  ])('changes with %s, and with the hash before', (_name, change) => {
    const before = chainHash(new Uint8Array(), facts);
    expect(chainHash(new Uint8Array(), { ...facts, ...change })).not.toEqual(before);
    expect(chainHash(before, facts)).not.toEqual(before);
  });
});
