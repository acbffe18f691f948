/**
 * The fault suite's checker on the ledger itself: order in every account, the projection as the
 * fold of the events, whole transfers, constant totals.
 */
import { expect, test } from 'vitest';
import { placeOf } from '#test/support/closed-versions.ts';
import type { History } from '#test/faults/history/history.ts';
import { exchanged, problemsOf, withEvent, withProjected, withTry } from './broken-history.ts';
import { BANK, CAPTURED, HOLDER, PLACED, SENT, SUBMISSION, wholeHistory } from './whole-history.ts';

test.each<[string, () => History, string]>([
  // Order per account.
  ['a version that is missing', () => withEvent(HOLDER, 4n, () => []), 'stands in the log where 4'],
  ['a log in another order', () => exchanged(HOLDER, 3n), `${HOLDER}/4: stands in the log where 3`],
  [
    'a command that overtook an acknowledged one',
    () => withTry(CAPTURED, { sentMs: 20, answeredMs: 30 }),
    `operation ${PLACED}: sent after operation ${CAPTURED} was acknowledged`,
  ],
  [
    'items in another order',
    () => withEvent(HOLDER, 3n, (e) => [{ ...e, version: 1n }]),
    `item 3 of ${SUBMISSION}: stands before an earlier item`,
  ],
  [
    'a position that is missing',
    () => ({ ...wholeHistory(), heads: [{ partition: 0, seq: 7n, rows: 6n, batches: 6n }] }),
    'partition 0: its head is 7, with 6 rows',
  ],
  [
    'an event that the feed left out',
    () => {
      const whole = wholeHistory();
      return { ...whole, feed: new Map([...whole.feed].map(([p, told]) => [p, told.slice(1)])) };
    },
    'feed of partition 1, event 0',
  ],
  // The projection is the fold of the events.
  [
    'a state that does not follow from the events',
    () => withEvent(HOLDER, 5n, (e) => [{ ...e, after: { ...e.after, heldMinor: 40n } }]),
    `${HOLDER}/5: carries 74 held 40`,
  ],
  [
    'a balance that differs from the events',
    () =>
      withProjected(({ accounts }) => ({
        accounts: new Map(
          [...accounts].map(([account, row]) => [
            account,
            { ...row, state: { ...row.state, balanceMinor: 1n } },
          ]),
        ),
      })),
    `${HOLDER}/5: projected as 1 held 25`,
  ],
  [
    'a balance that is late',
    () =>
      withProjected(({ accounts }) => ({
        accounts: new Map(
          [...accounts].map(([account, row]) => [account, { ...row, version: 1n }]),
        ),
      })),
    `${HOLDER}/5: the projection is as of 1`,
  ],
  [
    'an entry that is missing',
    () => {
      const at = placeOf({ accountId: HOLDER, version: 3n });
      return withProjected(({ entries }) => ({
        entries: new Map([...entries].filter(([place]) => place !== at)),
      }));
    },
    `${HOLDER}/3: has no entry`,
  ],
  ['a hold that is lost', () => withProjected(() => ({ holds: new Set() })), `hold ${HOLDER}`],
  [
    'a read that is older than asked for',
    () => ({
      ...wholeHistory(),
      reads: wholeHistory().reads.map((one) => ({ ...one, minVersion: 6n })),
    }),
    `${HOLDER}/5: was read where 6 was asked for`,
  ],
  [
    'a read of something else',
    () => ({
      ...wholeHistory(),
      reads: wholeHistory().reads.map((one) => ({ ...one, version: 4n, minVersion: 4n })),
    }),
    `${HOLDER}/4: read as 74`,
  ],
  // Transfers are whole.
  ['a leg that is lost', () => withEvent(BANK[1], 3n, () => []), 'its other leg is not there'],
  [
    'legs of two amounts',
    () => withEvent(BANK[1], 3n, (e) => [{ ...e, changeMinor: 29n }]),
    'its legs differ',
  ],
  [
    'a transfer that was told with another leg',
    () => withTry(SENT, { answer: { kind: 'accepted', version: 3n, otherVersion: 4n } }),
    `operation ${SENT}: its other leg was told with another version`,
  ],
  // Totals are constant.
  [
    'money from nowhere',
    () => withEvent(BANK[1], 3n, (e) => [{ ...e, balanceMinor: e.balanceMinor + 1n }]),
    'the total is 201',
  ],
  [
    'a total that was seen to differ',
    () => ({ ...wholeHistory(), totals: [{ atMs: 2_000, totalMinor: 199n }] }),
    'the total seen at 2.0 s is 199, not 200',
  ],
])('%s is found', (_name, broken, words) => {
  expect(problemsOf(broken())).toContain(words);
});
