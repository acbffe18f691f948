/**
 * The fault suite's checker on what was acknowledged: every command and item is stored exactly
 * once, as it was told, and nothing is acknowledged that cannot be read.
 */
import { expect, test } from 'vitest';
import type { History } from '#test/faults/history/history.ts';
import { problemsOf, withEvent, withSubmission, withTry } from './broken-history.ts';
import {
  CAPTURED,
  HOLDER,
  PAID,
  PAYER,
  REFUSED,
  SUBMISSION,
  wholeHistory,
} from './whole-history.ts';

test('a whole history has no problem', () => {
  expect(problemsOf(wholeHistory())).toBe('');
});

test.each<[string, () => History, string]>([
  // Every acknowledged command is stored exactly once.
  [
    'an acknowledged command that is not stored',
    () => withEvent(PAYER, 2n, () => []),
    `operation ${PAID}: acknowledged, and not stored so`,
  ],
  [
    'a command that is stored twice',
    () => withEvent(HOLDER, 5n, (e) => [e, { ...e, version: 6n, operationId: CAPTURED }]),
    `operation ${CAPTURED}: executed more than once`,
  ],
  [
    'a command that is stored as something else',
    () => withEvent(PAYER, 2n, (e) => [{ ...e, changeMinor: 51n }]),
    `operation ${PAID}: ${PAYER}/2 says something else`,
  ],
  [
    'a refused command that is stored',
    () => withEvent(HOLDER, 4n, (e) => [{ ...e, operationId: REFUSED }]),
    `operation ${REFUSED}: refused (INSUFFICIENT_FUNDS), and stored`,
  ],
  [
    'an answer that is no refusal',
    () => withTry(REFUSED, { answer: { kind: 'refused', reason: 'INTERNAL' } }),
    `operation ${REFUSED}: answered INTERNAL`,
  ],
  [
    'an event that nobody sent',
    () => withEvent(PAYER, 2n, (e) => [{ ...e, operationId: SUBMISSION }]),
    `${PAYER}/2: nobody sent what it is of`,
  ],
  [
    'an operation that is found as another',
    () => ({
      ...wholeHistory(),
      lookups: [{ operationId: PAID, toldVersion: 2n, found: { reason: 'OPERATION_NOT_FOUND' } }],
    }),
    `operation ${PAID}: told as 2, looked up as OPERATION_NOT_FOUND`,
  ],
  [
    'an acknowledged item that is not stored',
    () => withEvent(HOLDER, 2n, () => []),
    `item 0 of ${SUBMISSION}: acknowledged as 2, and not stored`,
  ],
  [
    'an item that is stored twice',
    () => withEvent(HOLDER, 3n, (e) => [e, { ...e, version: 9n }]),
    `item 3 of ${SUBMISSION}: 2 events`,
  ],
  [
    'a refused item that is stored',
    () => withEvent(HOLDER, 3n, (e) => [{ ...e, item: { submissionId: SUBMISSION, index: 2 } }]),
    `item 2 of ${SUBMISSION}: refused (ACCOUNT_NOT_FOUND), and stored`,
  ],
  [
    'a receipt that counts what is not there',
    () => withSubmission({ answer: { kind: 'closed', accepted: 4n, rejected: 0n, replayed: 0n } }),
    `submission ${SUBMISSION}: 4 items were acknowledged, 3 are stored`,
  ],
  [
    'a batch of all or nothing that is stored in part',
    () => withSubmission({ kind: 'atomic' }),
    `submission ${SUBMISSION}: atomic, and stored in part`,
  ],
  // Nothing is acknowledged that cannot be read.
  [
    'an acknowledgement before its entry can be read',
    () => withSubmission({ acks: [{ indexes: [0, 1, 3], receivedMs: 120, invisible: [3] }] }),
    `item 3 of ${SUBMISSION}: acknowledged before it could be read`,
  ],
  [
    'an acknowledgement of what is not stored',
    () => withSubmission({ acks: [{ indexes: [0, 1, 2, 3], receivedMs: 120, invisible: [] }] }),
    `item 2 of ${SUBMISSION}: acknowledged, and not stored`,
  ],
  [
    'an acknowledgement that comes twice',
    () => withSubmission({ acks: [{ indexes: [0, 1, 3, 1], receivedMs: 120, invisible: [] }] }),
    `item 1 of ${SUBMISSION}: acknowledged twice`,
  ],
  [
    'an item that is never acknowledged',
    () => withSubmission({ acks: [{ indexes: [0, 3], receivedMs: 120, invisible: [] }] }),
    `item 1 of ${SUBMISSION}: never acknowledged`,
  ],
  [
    'a feed that never ends',
    () => withSubmission({ complete: undefined }),
    `submission ${SUBMISSION}: closed, and never complete`,
  ],
  [
    'an end with other totals',
    () => withSubmission({ complete: { projected: 2n, accepted: 3n } }),
    `submission ${SUBMISSION}: complete says 2 of 3`,
  ],
])('%s is found', (_name, broken, words) => {
  expect(problemsOf(broken())).toContain(words);
});

test('a refusal after several tries leaves open what an earlier one did', () => {
  const stored = withEvent(HOLDER, 4n, (e) => [{ ...e, operationId: REFUSED }]);
  const tries = stored.tries.map((one) =>
    one.operationId === REFUSED ? { ...one, sends: 2 } : one,
  );
  expect(problemsOf({ ...stored, tries })).not.toContain('refused (');
});
