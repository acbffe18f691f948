/**
 * A command that is sent until it has an answer: what gets none is sent again, the same, as a
 * caller does who must know. Answers what it was told at last, and when.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { callFault, type CallFault } from '#client/call-fault.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import type { BankTry } from '#test/support/bank-history.ts';

/** Times by performance.now() of the process that sends. */
export type TimedTry = BankTry & {
  readonly sentMs: number;
  readonly answeredMs: number;
  /** How often it was sent. A refusal says nothing of what an earlier sending may still do. */
  readonly sends: number;
};

export type SentCommand = { readonly operationId: string; readonly accountId: string };

/** Of the command's own account, and of the other one where it has one. */
export type Receipts = readonly [CommandReceipt | undefined, CommandReceipt | undefined];

export type PatienceLimits = {
  /** After so long without an answer it stays unknown. */
  readonly giveUpMs: number;
  readonly pauseMs: number;
};

export const PATIENCE: PatienceLimits = { giveUpMs: 60_000, pauseMs: 50 };

export async function untilAnswered(
  { operationId, accountId }: SentCommand,
  call: () => Promise<Receipts>,
  onResend: () => void,
  { giveUpMs, pauseMs }: PatienceLimits = PATIENCE,
): Promise<TimedTry> {
  const sentMs = performance.now();
  let sends = 1;
  const told = (answer: BankTry['answer']): TimedTry => {
    return { operationId, accountId, answer, sentMs, answeredMs: performance.now(), sends };
  };
  for (; ; sends++) {
    const answer = await call().then(answerOf, callFault);
    if ('kind' in answer) return told(answer);
    if (!isOpen(answer)) {
      const reason = answer.reason === '' ? status[answer.code] : answer.reason;
      return told({ kind: 'refused', reason });
    }
    if (performance.now() - sentMs > giveUpMs) return told({ kind: 'unknown' });
    onResend();
    await sleep(pauseMs);
  }
}

function answerOf([own, other]: Receipts): BankTry['answer'] {
  if (own === undefined) throw new Error('an answer without a receipt');
  return { kind: 'accepted', version: own.version, otherVersion: other?.version };
}

/** Nobody knows yet what became of the command. */
export function isOpen({ code, mayRetry }: CallFault): boolean {
  return mayRetry || code === status.DEADLINE_EXCEEDED || code === status.CANCELLED;
}
