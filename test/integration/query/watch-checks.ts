/** What the messages of a watch say: their versions, and whether each state is its event's. */
import { expect } from 'vitest';
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { WatchAccountResponse } from '#proto/bank/v1/account_query_service.ts';
import type { LifeEvent } from './projected-lives.ts';

export const versions = (messages: readonly WatchAccountResponse[]) =>
  messages.flatMap(({ entries }) => entries.map(({ version }) => version));
export const upTo = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, n) => BigInt(first + n));

/** The version that the messages end with. */
export function lastOf(messages: readonly WatchAccountResponse[]): number {
  return messages.reduce((last, one) => Number(one.account?.asOfVersion ?? last), 0);
}

/** Every message says the state that its event left, not more and not less. */
export function expectStates(
  messages: readonly WatchAccountResponse[],
  life: readonly LifeEvent[],
): void {
  for (const { account, entries } of messages) {
    if (account === undefined) continue;
    const { record } = life[Number(account.asOfVersion) - 1] ?? {};
    const after = record?.event?.after;
    if (record === undefined || after === undefined) throw new Error('there is no such version');
    const money = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });
    expect(account).toMatchObject({
      balance: money(after.balanceMinor),
      held: money(after.heldMinor),
      overdraftLimit: money(after.overdraftLimitMinor),
      available: money(after.balanceMinor - after.heldMinor + after.overdraftLimitMinor),
      status: after.status,
      debitsFrozen: after.debitsFrozen,
      creditsFrozen: after.creditsFrozen,
      owner: 'Ada',
      updatedAt: timestampFromMicros(record.recordedAtMicros),
    });
    if (entries.length > 0) expect(entries.at(-1)?.version).toBe(account.asOfVersion);
  }
}
