/**
 * The reasons of the commands of two accounts: one row a case, those of a command in the order of
 * precedence. In each, what comes later in that order would be refused too.
 */
import { status } from '@grpc/grpc-js';
import { EUR, type CommandCase } from '#test/support/command-calls.ts';

const { ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION, NOT_FOUND, OUT_OF_RANGE } = status;

/** What was done to the other account, behind what was done here. */
export type OtherAccount = readonly CommandCase[] | 'absent' | 'of dollars';

export type PairRefusal = readonly [
  code: status,
  reason: string,
  command: CommandCase,
  here: readonly CommandCase[],
  there: OtherAccount,
];

/** Stands for the other account's id. */
const THERE = '66666666-6666-4666-8666-666666666666';
const ABSENT = '77777777-7777-4777-8777-777777777777';
const DONE = '88888888-8888-4888-8888-888888888888';

const reason = 'because';
const MOST = 2n ** 63n - 1n;
const rich: CommandCase = { $case: 'deposit', amount: EUR(100n) };
const full: CommandCase = { $case: 'deposit', amount: EUR(MOST) };
const done: CommandCase = { $case: 'deposit', amount: EUR(7n), operationId: DONE };
const holding: CommandCase = { $case: 'placeHold', amount: EUR(1n) };
const closed: CommandCase = { $case: 'closeAccount', reason: '' };
const frozen: CommandCase = { $case: 'freezeAccount', debits: true, credits: true, reason };

const transfer: CommandCase = {
  $case: 'transfer',
  amount: EUR(101n),
  destinationAccountId: THERE,
};
const dollars: CommandCase = { ...transfer, amount: { currencyCode: 'USD', minorUnits: 1n } };
const small: CommandCase = { ...transfer, amount: EUR(1n) };
const late: CommandCase = { ...transfer, expectedVersion: 9n };

const TRANSFERS: readonly PairRefusal[] = [
  [ALREADY_EXISTS, 'OPERATION_ID_REUSED', { ...late, operationId: DONE }, [done], 'absent'],
  [NOT_FOUND, 'ACCOUNT_NOT_FOUND', { ...late, accountId: ABSENT }, [], 'absent'],
  [ABORTED, 'VERSION_MISMATCH', late, [closed], 'absent'],
  [FAILED_PRECONDITION, 'ACCOUNT_CLOSED', dollars, [closed], 'absent'],
  [FAILED_PRECONDITION, 'CURRENCY_MISMATCH', dollars, [frozen], 'absent'],
  [NOT_FOUND, 'ACCOUNT_NOT_FOUND', transfer, [frozen], 'absent'],
  [FAILED_PRECONDITION, 'ACCOUNT_CLOSED', transfer, [frozen], [closed]],
  [FAILED_PRECONDITION, 'CURRENCY_MISMATCH', transfer, [frozen], 'of dollars'],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', transfer, [frozen], [frozen]],
  [FAILED_PRECONDITION, 'INSUFFICIENT_FUNDS', transfer, [rich], [frozen]],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', small, [rich], [full, frozen]],
  [OUT_OF_RANGE, 'BALANCE_OVERFLOW', small, [rich], [full]],
];

const sweep: CommandCase = { $case: 'closeAccount', sweepTo: THERE, reason };

const SWEEPS: readonly PairRefusal[] = [
  [NOT_FOUND, 'ACCOUNT_NOT_FOUND', sweep, [rich, holding, frozen], 'absent'],
  [FAILED_PRECONDITION, 'ACCOUNT_CLOSED', sweep, [rich, holding, frozen], [closed]],
  [FAILED_PRECONDITION, 'CURRENCY_MISMATCH', sweep, [rich, holding, frozen], 'of dollars'],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', sweep, [rich, holding, frozen], [frozen]],
  [FAILED_PRECONDITION, 'BALANCE_NOT_ZERO', sweep, [rich, holding], [frozen]],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', sweep, [rich], [full, frozen]],
  [OUT_OF_RANGE, 'BALANCE_OVERFLOW', sweep, [rich], [full]],
];

const paid: CommandCase = { ...small, operationId: DONE };
const undo: CommandCase = { $case: 'reverseOperation', reversedOperationId: DONE, reason };
const spent: CommandCase = { $case: 'withdraw', amount: EUR(1n) };

const REVERSALS: readonly PairRefusal[] = [
  [FAILED_PRECONDITION, 'ACCOUNT_CLOSED', undo, [rich, paid, frozen], [spent, closed]],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', undo, [rich, paid, frozen], [spent, frozen]],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', undo, [rich, paid], [spent, frozen]],
  [FAILED_PRECONDITION, 'INSUFFICIENT_FUNDS', undo, [rich, paid], [spent]],
];

/** The command with the other account's id where one stands for it. */
export function naming(other: string, command: CommandCase): CommandCase {
  const { destinationAccountId, sweepTo } = command;
  return {
    ...command,
    ...(destinationAccountId === THERE ? { destinationAccountId: other } : {}),
    ...(sweepTo === THERE ? { sweepTo: other } : {}),
  };
}

export const PAIR_REFUSALS = [...TRANSFERS, ...SWEEPS, ...REVERSALS];
