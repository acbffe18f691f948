/** What the load generator sends: valid messages, the sums that it claims, spreads as named. */
import { expect, test } from 'vitest';
import { accountIds, byZipf, inOrder, onOne, uniformly } from '#test/bench/account-ids.ts';
import {
  depositMessages,
  openAccountMessages,
  repeated,
  submissionField,
} from '#test/bench/load-messages.ts';
import { isUuid } from '#platform/uuid.ts';
import { BulkDepositRequest, BulkOpenAccountsRequest } from '#proto/bank/v1/bulk_service.ts';

const IDS = accountIds(1, 50);

test('a message is the submission field and a body, and says what is in it', () => {
  const messages = depositMessages(uniformly(IDS, 1), 25, 10);
  expect(messages.map(({ items }) => items)).toEqual([10, 10, 5]);
  for (const { items, amountMinor, body } of messages) {
    const bytes = Buffer.concat([submissionField('bench-1'), body]);
    const decoded = BulkDepositRequest.decode(bytes);
    expect(decoded.submissionId).toBe('bench-1');
    expect(decoded.firstItemIndex).toBeUndefined();
    expect(decoded.deposits).toHaveLength(items);
    const sum = decoded.deposits.reduce((all, { amount }) => all + (amount?.minorUnits ?? 0n), 0n);
    expect(sum).toBe(amountMinor);
    expect(decoded.deposits.every(({ accountId }) => IDS.includes(accountId))).toBe(true);
  }
});

test('accounts are opened with their ids, once each', () => {
  const bodies = openAccountMessages(IDS, 20).map(({ body }) => body);
  const opened = bodies.flatMap((body) => BulkOpenAccountsRequest.decode(body).accounts);
  expect(opened.map(({ accountId }) => accountId)).toEqual(IDS);
});

test('messages repeat until there are items enough', () => {
  const messages = depositMessages(inOrder(IDS), 20, 10);
  const sent = [...repeated(messages, 35)];
  expect(sent.map((message) => messages.indexOf(message))).toEqual([0, 1, 0, 1]);
});

test('ids are UUIDs, the same from the same seed, each once', () => {
  expect(IDS.every((id) => isUuid(id))).toBe(true);
  expect(new Set(IDS).size).toBe(50);
  expect(accountIds(1, 50)).toEqual(IDS);
  expect(accountIds(2, 1)).not.toEqual(IDS.slice(0, 1));
});

test('spreads reach what they should', () => {
  const count = (spread: () => string, draws: number) => {
    const counts = new Map<string, number>();
    for (let n = 0; n < draws; n++) {
      const id = spread();
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return IDS.map((id) => counts.get(id) ?? 0);
  };
  expect(count(onOne(IDS[3] ?? ''), 10)[3]).toBe(10);
  expect(count(inOrder(IDS), 100).every((draws) => draws === 2)).toBe(true);
  const even = count(uniformly(IDS, 1), 50_000);
  expect(Math.min(...even)).toBeGreaterThan(800);
  expect(Math.max(...even)).toBeLessThan(1_200);
  const [first = 0, second = 0, ...others] = count(byZipf(IDS, 1), 50_000);
  expect(first / second).toBeGreaterThan(1.8);
  expect(first / second).toBeLessThan(2.2);
  expect(first / (others.at(-1) ?? 0)).toBeGreaterThan(35);
});
