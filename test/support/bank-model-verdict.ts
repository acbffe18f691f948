/**
 * What the model says to a command: accepted, answered as the first time, or refused, and by which
 * rule.
 */
import { accountIn, type Bank, type Operation } from '#test/support/bank-model.ts';
import { capturing, placing, releasing } from '#test/support/bank-model-holds.ts';
import { closing, freezing, limiting, opening } from '#test/support/bank-model-life.ts';
import { depositing, transferring, withdrawing } from '#test/support/bank-model-money.ts';
import { reversing } from '#test/support/bank-model-reversals.ts';
import type { Plan } from '#test/support/bank-model-rules.ts';
import type { CommandRequest } from '#test/support/command-calls.ts';

export type Verdict =
  | { readonly kind: 'accepted'; readonly plan: Plan }
  | { readonly kind: 'replayed'; readonly operation: Operation }
  /** `whose`: the rule is one of the other account's. */
  | { readonly kind: 'refused'; readonly reason: string; readonly whose: 'other' | undefined };

export function verdictOf(bank: Bank, command: CommandRequest, nowMs: number): Verdict {
  if (isMalformed(command)) return refused('INVALID_ARGUMENT');
  const operation = accountIn(bank, accountIdOf(command)).operations.get(command.value.operationId);
  if (operation?.content === contentOf(command)) return { kind: 'replayed', operation };
  if (operation !== undefined) return refused('OPERATION_ID_REUSED');
  const plan = planOf(bank, command, nowMs);
  const [, reason, whose] = plan.rules.find(([isBroken]) => isBroken) ?? [];
  return reason === undefined ? { kind: 'accepted', plan } : refused(reason, whose);
}

function refused(reason: string, whose?: 'other'): Verdict {
  return { kind: 'refused', reason, whose };
}

/** A transfer is its source's. */
export function accountIdOf({ $case, value }: CommandRequest): string {
  return $case === 'transfer' ? value.sourceAccountId : value.accountId;
}

/** All of it but what a retry may say anew. */
export function contentOf(command: CommandRequest): string {
  return JSON.stringify(command, (key, value: unknown) => {
    if (key === 'expectedVersion' || key === 'validateOnly') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
}

/** Only what the test can make up; field rules have tests of their own. */
function isMalformed({ $case, value }: CommandRequest): boolean {
  if ('amount' in value && value.amount !== undefined && value.amount.minorUnits <= 0n) return true;
  switch ($case) {
    case 'transfer':
      return value.sourceAccountId === value.destinationAccountId;
    case 'closeAccount':
      return value.sweepTo === value.accountId;
    case 'freezeAccount':
      return (!value.debits && !value.credits) || value.reason === '';
    case 'unfreezeAccount':
    case 'reverseOperation':
      return value.reason === '';
    case 'openAccount':
    case 'setOverdraftLimit':
      return (value.overdraftLimit?.minorUnits ?? 0n) < 0n;
    case 'deposit':
    case 'withdraw':
    case 'placeHold':
    case 'captureHold':
    case 'releaseHold':
      return false;
  }
}

function planOf(bank: Bank, command: CommandRequest, nowMs: number): Plan {
  switch (command.$case) {
    case 'openAccount':
      return opening(bank, command);
    case 'deposit':
      return depositing(bank, command);
    case 'withdraw':
      return withdrawing(bank, command);
    case 'transfer':
      return transferring(bank, command);
    case 'placeHold':
      return placing(bank, command, nowMs);
    case 'captureHold':
      return capturing(bank, command);
    case 'releaseHold':
      return releasing(bank, command);
    case 'setOverdraftLimit':
      return limiting(bank, command);
    case 'freezeAccount':
    case 'unfreezeAccount':
      return freezing(bank, command);
    case 'closeAccount':
      return closing(bank, command);
    case 'reverseOperation':
      return reversing(bank, command);
  }
}
