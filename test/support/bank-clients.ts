/**
 * Clients that move money among accounts at random until they are stopped: transfers, and now and
 * then the reversal of one of their own. What gets no answer is sent again, the same, until it has
 * one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import {
  OpenAccountRequest,
  ReverseOperationRequest,
  TransferRequest,
} from '#proto/bank/v1/account_command_service.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { untilAnswered, type Receipts, type TimedTry } from '#test/support/answered-try.ts';
import type { BankTry } from '#test/support/bank-history.ts';
import { request, send } from '#test/support/command-calls.ts';
import { seededRandom, type Random } from '#test/support/random.ts';

export type BankRun = {
  readonly tries: readonly TimedTry[];
  /** Answers that did not come, and were asked for again. */
  readonly resent: () => number;
  /** Resolves when every client has its last answer. */
  readonly stop: () => Promise<void>;
};

const AMOUNT_MAX = 400;
const REVERSALS_PER_CENT = 5;
const CALL_MS = 10_000;

/** Opens accounts and pays into each. */
export async function openBankAccounts(
  { accounts: commands }: Pick<BankClient, 'accounts'>,
  random: Random,
  count: number,
  paidInMinor: bigint,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => random.uuid());
  for (const accountId of ids) {
    await unaryCall(
      (...args) => commands.openAccount(...args),
      OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR' }),
    );
    const amount = { currencyCode: 'EUR', minorUnits: paidInMinor };
    await send({ commands }, request('deposit', { accountId, amount }));
  }
  return ids;
}

export function startBankClients(
  client: Pick<BankClient, 'accounts'>,
  accounts: readonly string[],
  { clients, seed, pauseMs = 0 }: { clients: number; seed: number; pauseMs?: number },
): BankRun {
  const tries: TimedTry[] = [];
  const state = { stopped: false, resent: 0 };
  const onResend = (): void => void (state.resent += 1);
  const running = Array.from({ length: clients }, async (_, n) => {
    const random = seededRandom(seed + n + 1);
    const done: BankTry[] = [];
    while (!state.stopped) {
      const one = await oneCommand(client, accounts, random, done, onResend);
      tries.push(one);
      if (one.answer.kind === 'accepted' && done.length < 100) done.push(one);
      if (pauseMs > 0) await sleep(pauseMs);
    }
  });
  const all = Promise.all(running);
  all.catch(() => undefined);
  return {
    tries,
    resent: () => state.resent,
    stop: async () => {
      state.stopped = true;
      await all;
    },
  };
}

function oneCommand(
  client: Pick<BankClient, 'accounts'>,
  accounts: readonly string[],
  random: Random,
  done: BankTry[],
  onResend: () => void,
): Promise<TimedTry> {
  const operationId = random.uuid();
  const undone = random.below(100) < REVERSALS_PER_CENT ? done.pop() : undefined;
  const accountId = undone?.accountId ?? random.pick(accounts);
  const call =
    undone === undefined
      ? transferCall(client, accountId, accounts, operationId, random)
      : reversalCall(client, undone, operationId);
  return untilAnswered({ operationId, accountId }, () => call().then(bothReceipts), onResend);
}

/** Whatever these clients send has two legs. */
function bothReceipts([own, other]: Receipts): Receipts {
  if (own === undefined || other === undefined) throw new Error('an answer without both receipts');
  return [own, other];
}

function transferCall(
  { accounts: commands }: Pick<BankClient, 'accounts'>,
  sourceAccountId: string,
  accounts: readonly string[],
  operationId: string,
  random: Random,
): () => Promise<Receipts> {
  const destinationAccountId = random.pick(accounts.filter((id) => id !== sourceAccountId));
  const amount = { currencyCode: 'EUR', minorUnits: BigInt(1 + random.below(AMOUNT_MAX)) };
  const ids = { sourceAccountId, destinationAccountId, operationId };
  const message = TransferRequest.fromPartial({ ...ids, amount });
  return async () => {
    const options = { deadlineMs: CALL_MS };
    const method = commands.transfer.bind(commands);
    const answer = await unaryCall<TransferRequest, TransferAnswer>(method, message, options);
    return [answer.receipt, answer.destinationReceipt];
  };
}

type TransferAnswer = {
  receipt: CommandReceipt | undefined;
  destinationReceipt: CommandReceipt | undefined;
};
type ReversalAnswer = {
  receipt: CommandReceipt | undefined;
  counterpartReceipt: CommandReceipt | undefined;
};

function reversalCall(
  { accounts: commands }: Pick<BankClient, 'accounts'>,
  { accountId, operationId: reversedOperationId }: BankTry,
  operationId: string,
): () => Promise<Receipts> {
  const ids = { accountId, reversedOperationId, operationId };
  const message = ReverseOperationRequest.fromPartial({ ...ids, reason: 'sent by mistake' });
  return async () => {
    const options = { deadlineMs: CALL_MS };
    const method = commands.reverseOperation.bind(commands);
    const answer = await unaryCall<ReverseOperationRequest, ReversalAnswer>(
      method,
      message,
      options,
    );
    return [answer.receipt, answer.counterpartReceipt];
  };
}
