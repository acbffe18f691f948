/**
 * The bulk load of a run: accounts, and deposits to them that are offered at a steady rate, so that
 * what a fault costs shows as lag. The same items at each reading, as an upload that goes on needs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ItemSource } from '#client/bulk-messages.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import type { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import { seededRandom } from '#test/support/random.ts';

const CHUNK_ITEMS = 500;
const AMOUNTS = 997;
export const CURRENCY = 'EUR';

export type OfferedLoad = {
  readonly accounts: ItemSource<OpenAccountRequest>;
  readonly deposits: ItemSource<DepositItem>;
  readonly totalMinor: bigint;
};

export function offeredLoad(
  accounts: number,
  items: number,
  itemsPerSecond: number,
  seed: number,
): OfferedLoad {
  const random = seededRandom(seed);
  const ids = Array.from({ length: accounts }, () => random.uuid());
  const amountOf = (index: number): bigint => BigInt(1 + (index % AMOUNTS));
  const itemAt = (index: number): DepositItem => ({
    accountId: ids[index % ids.length] ?? '',
    amount: { currencyCode: CURRENCY, minorUnits: amountOf(index) },
    operationId: '',
    reference: '',
    valueDate: '',
  });
  let totalMinor = 0n;
  for (let index = 0; index < items; index++) totalMinor += amountOf(index);
  return {
    totalMinor,
    async *accounts(from) {
      for (const accountId of ids.slice(from)) {
        yield [OpenAccountRequest.fromPartial({ accountId, currencyCode: CURRENCY })];
      }
    },
    async *deposits(from) {
      const startMs = performance.now();
      for (let index = from; index < items; index += CHUNK_ITEMS) {
        const dueMs = startMs + ((index - from) / itemsPerSecond) * 1000;
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        const end = Math.min(index + CHUNK_ITEMS, items);
        yield Array.from({ length: end - index }, (_, n) => itemAt(index + n));
      }
    },
  };
}
