/**
 * A token says what it was made of, for the submission that it is of, and nothing else passes for
 * one.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidToken, readToken, tokenWriter } from '../../../projector-svc/resume-token.ts';

const LOG = '11111111-2222-4333-8444-555555555555';
const seq = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const vector = fc
  .uniqueArray(fc.tuple(fc.nat(1023), seq), { selector: ([partition]) => partition })
  .map((pairs) => new Map(pairs));
const told = fc.record({ total: seq, seqs: vector, retryNos: vector });

test('is read as it was written', () => {
  fc.assert(
    fc.property(told, (value) => {
      const token = tokenWriter(LOG, '', 'a')(value);
      expect(readToken(token, '', 'a')).toEqual({ ...value, logId: LOG });
      expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    }),
  );
});

test('is of one submission of one tenant', () => {
  const token = tokenWriter(LOG, '', 'a')({ total: 1n, seqs: new Map(), retryNos: new Map() });
  expect(() => readToken(token, '', 'b')).toThrow('it is of another submission');
  expect(() => readToken(token, 'x', 'a')).toThrow(InvalidToken);
});

test('is refused when a character is changed, added or taken away', () => {
  fc.assert(
    fc.property(told, fc.nat(), fc.constantFrom('A', 'z', '-', '=', '%', ''), (value, at, char) => {
      const token = tokenWriter(LOG, '', 'a')(value);
      const place = at % token.length;
      const other = token.slice(0, place) + char + token.slice(place + 1);
      fc.pre(other !== token);
      expect(() => readToken(other, '', 'a')).toThrow(InvalidToken);
    }),
  );
});

test('is refused when it is anything else', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => readToken(text, '', 'a')).toThrow(InvalidToken);
    }),
  );
});
