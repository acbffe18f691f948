/** What is kept of a record that cannot be applied: its cause, bounded, and once. */
import { describe, expect, test } from 'vitest';
import { DEAD_LETTERS } from '../../../projector-svc/config.ts';
import { faultOf, letterFromKafka, letterOfStore } from '../../../projector-svc/dead-letter.ts';
import { UndecodableRecord, UnknownEventType } from '../../../projector-svc/record-outline.ts';
import { logRecord } from './record-fixtures.ts';

const refused = (code: string): Error =>
  Object.assign(new Error('refused'), { severity: 'ERROR', code });

describe('the cause', () => {
  test.each([
    ['UNDECODABLE', new UndecodableRecord('a', { cause: new Error('b') })],
    ['UNKNOWN_EVENT_TYPE', new UndecodableRecord('a', { cause: new UnknownEventType('type 99') })],
    ['INVARIANT_BROKEN', refused('23505')],
    ['INVARIANT_BROKEN', refused('22021')],
    ['INVARIANT_BROKEN', refused('PH002')],
    ['INVARIANT_BROKEN', refused('PH003')],
  ])('is %s', (cause, error) => {
    expect(faultOf(error)?.cause).toBe(cause);
  });

  test.each([
    ['a lost connection', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
    ['a deadlock', refused('40P01')],
    ['a head that moved', refused('PH001')],
    ['a bug', new TypeError('x')],
  ])('is none for %s', (_, error) => {
    expect(faultOf(error)).toBeUndefined();
  });

  test('tells the whole chain', () => {
    const error = new UndecodableRecord('record 7', { cause: new UnknownEventType('type 99') });
    expect(faultOf(error)?.message).toBe('record 7: type 99');
  });
});

const FAULT = { cause: 'UNDECODABLE', message: 'a\0b' } as const;

test('headers, message and payload are cut, and can be stored', () => {
  const long = 'x'.repeat(5000);
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`h${n}`, Buffer.from('v')]),
  );
  const record = {
    ...logRecord({ partition: 1, seq: 2n }),
    payload: Buffer.alloc(DEAD_LETTERS.payloadBytesMax + 1),
    headers: {
      long,
      nul: Buffer.from('a\0'),
      none: null,
      list: [Buffer.from('first'), 'b'],
      ...many,
    },
  };
  const letter = letterFromKafka(record, FAULT);
  expect(letter.payload).toHaveLength(DEAD_LETTERS.payloadBytesMax);
  expect(letter.payloadBytes).toBe(DEAD_LETTERS.payloadBytesMax + 1);
  expect(letter.message).toBe('a\uFFFDb');
  expect(letter.headers['long']).toHaveLength(DEAD_LETTERS.textLengthMax);
  expect(letter.headers).toMatchObject({ nul: 'a\uFFFD', list: 'first', h0: 'v' });
  expect(letter.headers).not.toHaveProperty('none');
  expect(Object.keys(letter.headers)).toHaveLength(DEAD_LETTERS.headersMax);
});

test('its id follows from what it is', () => {
  const record = logRecord({ partition: 1, seq: 2n });
  const id = letterFromKafka(record, FAULT).deadLetterId;
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(letterFromKafka({ ...record }, FAULT).deadLetterId).toBe(id);
  const ids = [
    letterFromKafka({ ...record, offset: 9n }, FAULT),
    letterFromKafka({ ...record, payload: Buffer.from('x') }, FAULT),
    letterOfStore(record, FAULT, false),
    letterOfStore(record, { ...FAULT, cause: 'INVARIANT_BROKEN' }, false),
  ].map(({ deadLetterId }) => deadLetterId);
  expect(new Set([id, ...ids]).size).toBe(5);
});
