/**
 * Callers that pay in without a pause, one deposit after the other each, and note which replica
 * answered: what clients see of a replica that comes, drains or dies.
 */
import { Metadata } from '@grpc/grpc-js';
import type { BankClient } from '#client/bank-client.ts';
import { callFault, describeFault } from '#client/call-fault.ts';
import { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import { until } from '#test/support/until.ts';

export type AnsweredCall = { readonly peer: string; readonly sentMs: number };

export type SteadyCallers = {
  readonly answered: readonly AnsweredCall[];
  /** What the client's own retries did not carry over. */
  readonly failures: readonly string[];
  /** The calls that are sent from now on, when there are so many answers of them. */
  next(count: number): Promise<AnsweredCall[]>;
  /** Resolves when the last answer is there. */
  stop(): Promise<void>;
};

const AMOUNT = { currencyCode: 'EUR', minorUnits: 1n };

export function startCallers(client: BankClient, accountIds: readonly string[]): SteadyCallers {
  const answered: AnsweredCall[] = [];
  const failures: string[] = [];
  const state = { isOver: false };
  const running = accountIds.map(async (accountId) => {
    while (!state.isOver) {
      const sentMs = performance.now();
      try {
        answered.push({ peer: await payIn(client, accountId), sentMs });
      } catch (error) {
        failures.push(describeFault(callFault(error)));
      }
    }
  });
  return {
    answered,
    failures,
    next: (count) => {
      const fromMs = performance.now();
      return until(`${count} answers`, () => {
        const found = answered.filter(({ sentMs }) => sentMs >= fromMs);
        return found.length >= count && found;
      });
    },
    stop: async () => {
      state.isOver = true;
      await Promise.all(running);
    },
  };
}

/** Answers host:port of the replica that stored it. */
export function payIn({ accounts }: BankClient, accountId: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const deposit = DepositRequest.fromPartial({ accountId, amount: AMOUNT });
    const call = accounts.deposit(deposit, new Metadata(), (error) =>
      error === null ? resolve(call.getPeer()) : reject(error),
    );
  });
}

/** How many of the calls each replica has answered. */
export function sharesOf(calls: readonly AnsweredCall[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { peer } of calls) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  return counts;
}
