/**
 * Unary calls at their best: so many in flight, each next one sent when one is answered. Requests
 * are encoded before the clock starts; answers are not decoded.
 */
import { randomFillSync } from 'node:crypto';
import { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import { GetAccountRequest } from '#proto/bank/v1/account_query_service.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { perSecond } from './statistics.ts';
import { CURRENCY } from './load-messages.ts';
import type { Sent } from './ledger-facts.ts';
import type { RawClient, UnaryPath } from './raw-client.ts';
import type { Spread } from './account-ids.ts';

const AMOUNT_MINOR = 125n;

export type UnaryLoad = {
  readonly path: UnaryPath;
  readonly requests: readonly Buffer[];
  readonly inFlight: number;
  /** Told the milliseconds of each call. */
  readonly onAnswer?: (ms: number) => void;
  /** Stops early; the calls in flight are waited for. */
  readonly signal?: AbortSignal;
};

/** Answers how many calls were answered, and how many a second. Any failure fails the run. */
export async function runUnary(
  client: RawClient,
  load: UnaryLoad,
): Promise<{ calls: number; perSecond: number }> {
  const { path, requests, inFlight, onAnswer, signal } = load;
  let next = 0;
  const oneAfterAnother = async (): Promise<void> => {
    for (;;) {
      const request = requests[next];
      if (request === undefined || signal?.aborted === true) return;
      next++;
      const sentMs = performance.now();
      await client.unary(path, request);
      onAnswer?.(performance.now() - sentMs);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, oneAfterAnother));
  return { calls: next, perSecond: perSecond(next, performance.now() - startedMs) };
}

/** Each with an operation id, as the client sends them. */
export function depositRequests(spread: Spread, count: number): Buffer[] {
  const random = Buffer.alloc(16);
  return Array.from({ length: count }, () => {
    const request = DepositRequest.fromPartial({
      accountId: spread(),
      amount: { currencyCode: CURRENCY, minorUnits: AMOUNT_MINOR },
      operationId: uuidFromBytes(randomFillSync(random)),
    });
    return Buffer.from(DepositRequest.encode(request).finish());
  });
}

export function sentDeposits(calls: number): Sent {
  return { items: calls, amountMinor: BigInt(calls) * AMOUNT_MINOR };
}

export function getAccountRequests(spread: Spread, count: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const request = GetAccountRequest.fromPartial({ accountId: spread() });
    return Buffer.from(GetAccountRequest.encode(request).finish());
  });
}
