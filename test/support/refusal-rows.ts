/**
 * The reasons of the commands of one account: one row a case, in the order of precedence. In each,
 * what comes later in that order would be refused too.
 */
import { status } from '@grpc/grpc-js';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { EUR, type CommandCase } from '#test/support/command-calls.ts';

const USD = { currencyCode: 'USD', minorUnits: 1n };
const reason = 'because';

const { INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION } = status;
const { OUT_OF_RANGE, ABORTED } = status;

/** What was done before, the command, and how it is refused. */
export type RefusalRow = [
  code: status,
  reason: string,
  command: CommandCase,
  before: CommandCase[],
];

const HOLD = '99999999-9999-4999-8999-999999999999';
const DONE = '88888888-8888-4888-8888-888888888888';
const ABSENT = '77777777-7777-4777-8777-777777777777';
const rich: CommandCase = { $case: 'deposit', amount: EUR(100n), operationId: DONE };
const holding: CommandCase = { $case: 'placeHold', amount: EUR(60n), holdId: HOLD };
const closed: CommandCase = { $case: 'closeAccount', reason: '' };
const frozen: CommandCase = { $case: 'freezeAccount', debits: true, credits: true, reason };
const MOST = 2n ** 63n - 1n;

const SAMPLES: readonly CommandCase[] = [
  { $case: 'deposit', amount: EUR(1n) },
  { $case: 'withdraw', amount: EUR(1n) },
  { $case: 'placeHold', amount: EUR(1n) },
  { $case: 'captureHold', holdId: HOLD },
  { $case: 'releaseHold', holdId: HOLD },
  { $case: 'setOverdraftLimit', overdraftLimit: EUR(1n) },
  { $case: 'freezeAccount', debits: true, reason },
  { $case: 'unfreezeAccount', reason },
  { $case: 'closeAccount', reason: '' },
  { $case: 'reverseOperation', reversedOperationId: DONE, reason },
];

export const REFUSAL_ROWS: readonly RefusalRow[] = [
  // Of every command, in the order of precedence.
  ...SAMPLES.map((command): RefusalRow => [
    NOT_FOUND,
    'ACCOUNT_NOT_FOUND',
    { ...command, accountId: ABSENT, expectedVersion: 9n },
    [],
  ]),
  ...SAMPLES.map((command): RefusalRow => [
    ABORTED,
    'VERSION_MISMATCH',
    { ...command, expectedVersion: 9n },
    [closed],
  ]),
  ...SAMPLES.map((command): RefusalRow => [
    FAILED_PRECONDITION,
    'ACCOUNT_CLOSED',
    command,
    [closed],
  ]),
  ...SAMPLES.map((command): RefusalRow => [
    ALREADY_EXISTS,
    'OPERATION_ID_REUSED',
    { ...command, operationId: DONE, expectedVersion: 9n },
    [{ $case: 'deposit', amount: EUR(7n), operationId: DONE }],
  ]),
  [ALREADY_EXISTS, 'ACCOUNT_EXISTS', { $case: 'openAccount', currencyCode: 'EUR' }, [closed]],
  [
    ALREADY_EXISTS,
    'OPERATION_ID_REUSED',
    { $case: 'openAccount', currencyCode: 'EUR', operationId: DONE },
    [{ $case: 'deposit', amount: EUR(7n), operationId: DONE }],
  ],
  // Currency comes before freeze and funds.
  [FAILED_PRECONDITION, 'CURRENCY_MISMATCH', { $case: 'deposit', amount: USD }, [frozen]],
  [FAILED_PRECONDITION, 'CURRENCY_MISMATCH', { $case: 'withdraw', amount: USD }, [frozen]],
  [FAILED_PRECONDITION, 'CURRENCY_MISMATCH', { $case: 'placeHold', amount: USD }, [frozen]],
  [
    FAILED_PRECONDITION,
    'CURRENCY_MISMATCH',
    { $case: 'captureHold', holdId: HOLD, amount: USD },
    [rich, holding, frozen],
  ],
  [
    FAILED_PRECONDITION,
    'CURRENCY_MISMATCH',
    { $case: 'setOverdraftLimit', overdraftLimit: USD },
    [],
  ],
  // What the command names comes before freeze and funds.
  [NOT_FOUND, 'HOLD_NOT_FOUND', { $case: 'captureHold', holdId: HOLD }, [frozen]],
  [NOT_FOUND, 'HOLD_NOT_FOUND', { $case: 'releaseHold', holdId: HOLD }, [frozen]],
  [
    NOT_FOUND,
    'HOLD_NOT_FOUND',
    { $case: 'captureHold', holdId: HOLD },
    [rich, holding, { $case: 'releaseHold', holdId: HOLD }],
  ],
  [ALREADY_EXISTS, 'HOLD_EXISTS', { ...holding, amount: EUR(1n) }, [rich, holding]],
  [
    ALREADY_EXISTS,
    'HOLD_EXISTS',
    { ...holding, amount: EUR(1n) },
    [rich, holding, { $case: 'captureHold', holdId: HOLD }],
  ],
  [
    NOT_FOUND,
    'OPERATION_NOT_FOUND',
    { $case: 'reverseOperation', reversedOperationId: DONE, reason },
    [frozen],
  ],
  [
    NOT_FOUND,
    'OPERATION_NOT_FOUND',
    { $case: 'reverseOperation', reversedOperationId: DONE, reason },
    [{ $case: 'freezeAccount', debits: true, reason, operationId: DONE }],
  ],
  [
    FAILED_PRECONDITION,
    'ALREADY_REVERSED',
    { $case: 'reverseOperation', reversedOperationId: DONE, reason },
    [rich, { $case: 'reverseOperation', reversedOperationId: DONE, reason }, frozen],
  ],
  // Freeze comes before funds.
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', { $case: 'deposit', amount: EUR(MOST) }, [rich, frozen]],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', { $case: 'withdraw', amount: EUR(MOST) }, [frozen]],
  [FAILED_PRECONDITION, 'ACCOUNT_FROZEN', { $case: 'placeHold', amount: EUR(MOST) }, [frozen]],
  [
    FAILED_PRECONDITION,
    'ACCOUNT_FROZEN',
    { $case: 'captureHold', holdId: HOLD, amount: EUR(61n) },
    [rich, holding, frozen],
  ],
  [
    FAILED_PRECONDITION,
    'ACCOUNT_FROZEN',
    { $case: 'reverseOperation', reversedOperationId: DONE, reason },
    [rich, frozen],
  ],
  [
    FAILED_PRECONDITION,
    'INSUFFICIENT_FUNDS',
    { $case: 'withdraw', amount: EUR(41n) },
    [rich, holding],
  ],
  [
    FAILED_PRECONDITION,
    'INSUFFICIENT_FUNDS',
    { $case: 'placeHold', amount: EUR(41n) },
    [rich, holding],
  ],
  [
    FAILED_PRECONDITION,
    'INSUFFICIENT_FUNDS',
    { $case: 'captureHold', holdId: HOLD, amount: EUR(61n) },
    [rich, holding],
  ],
  [
    FAILED_PRECONDITION,
    'INSUFFICIENT_FUNDS',
    { $case: 'reverseOperation', reversedOperationId: DONE, reason },
    [rich, holding],
  ],
  [
    FAILED_PRECONDITION,
    'INSUFFICIENT_FUNDS',
    { $case: 'setOverdraftLimit', overdraftLimit: EUR(4n) },
    [
      { $case: 'setOverdraftLimit', overdraftLimit: EUR(5n) },
      { $case: 'withdraw', amount: EUR(5n) },
    ],
  ],
  [FAILED_PRECONDITION, 'BALANCE_NOT_ZERO', closed, [rich]],
  [
    FAILED_PRECONDITION,
    'BALANCE_NOT_ZERO',
    closed,
    [
      { $case: 'setOverdraftLimit', overdraftLimit: EUR(5n) },
      { $case: 'placeHold', amount: EUR(5n) },
    ],
  ],
  [OUT_OF_RANGE, 'BALANCE_OVERFLOW', { $case: 'deposit', amount: EUR(MOST) }, [rich]],
  [
    OUT_OF_RANGE,
    'BALANCE_OVERFLOW',
    { $case: 'setOverdraftLimit', overdraftLimit: EUR(MOST) },
    [rich],
  ],
  [
    OUT_OF_RANGE,
    'BALANCE_OVERFLOW',
    { $case: 'reverseOperation', reversedOperationId: DONE, reason },
    [
      { $case: 'deposit', amount: EUR(MOST) },
      { $case: 'withdraw', amount: EUR(9n), operationId: DONE },
      { $case: 'deposit', amount: EUR(9n) },
    ],
  ],
  // What can be told only when it is decided.
  [
    INVALID_ARGUMENT,
    'expires_at',
    { $case: 'placeHold', amount: EUR(1n), expiresAt: timestampFromMicros(1n) },
    [rich],
  ],
];
