/** The rules of each command's request, one row a case: which field breaks which rule. */
import { describe, expect, it } from 'vitest';
import { EUR, request, type CommandCase } from '#test/support/command-calls.ts';
import { checkRequest } from '../../../command-svc/request-rules.ts';

const ID = '0190c7b2-3f4e-7abc-8def-0123456789ab';
const accountId = ID;
const holdId = ID;
const reason = 'because';
const LONG = 'x'.repeat(141);

const GOOD: readonly CommandCase[] = [
  { $case: 'withdraw', accountId, amount: EUR(1n), expectedVersion: 7n },
  { $case: 'placeHold', accountId, amount: EUR(1n) },
  { $case: 'placeHold', accountId, amount: EUR(1n), holdId },
  { $case: 'captureHold', accountId, holdId },
  { $case: 'captureHold', accountId, holdId, amount: EUR(1n), releaseRest: true },
  { $case: 'releaseHold', accountId, holdId },
  { $case: 'setOverdraftLimit', accountId, overdraftLimit: EUR(0n) },
  { $case: 'freezeAccount', accountId, debits: true, reason },
  { $case: 'freezeAccount', accountId, credits: true, reason },
  { $case: 'unfreezeAccount', accountId, reason },
  { $case: 'closeAccount', accountId },
  { $case: 'reverseOperation', accountId, reversedOperationId: ID, reason },
];

const BAD: readonly [string, CommandCase][] = [
  ['amount is required', { $case: 'withdraw', accountId }],
  ['amount.minor_units must be above 0', { $case: 'withdraw', accountId, amount: EUR(0n) }],
  ['amount.minor_units must be above 0', { $case: 'placeHold', accountId, amount: EUR(-1n) }],
  ['amount is required', { $case: 'placeHold', accountId }],
  ['hold_id must be a UUID', { $case: 'placeHold', accountId, amount: EUR(1n), holdId: 'no uuid' }],
  [
    'expires_at must be a time from 0001-01-01',
    {
      $case: 'placeHold',
      accountId,
      amount: EUR(1n),
      expiresAt: { seconds: 253_402_300_800n, nanos: 0 },
    },
  ],
  [
    'expires_at must be a time from 0001-01-01',
    { $case: 'placeHold', accountId, amount: EUR(1n), expiresAt: { seconds: 1n, nanos: -1 } },
  ],
  ['hold_id is required', { $case: 'captureHold', accountId }],
  [
    'amount.minor_units must be above 0',
    { $case: 'captureHold', accountId, holdId, amount: EUR(0n) },
  ],
  [
    'reference must have 140 characters',
    { $case: 'captureHold', accountId, holdId, reference: LONG },
  ],
  ['hold_id is required', { $case: 'releaseHold', accountId }],
  ['overdraft_limit is required', { $case: 'setOverdraftLimit', accountId }],
  [
    'overdraft_limit.minor_units must be 0 or more',
    { $case: 'setOverdraftLimit', accountId, overdraftLimit: EUR(-1n) },
  ],
  ['debits must be true, or credits', { $case: 'freezeAccount', accountId, reason }],
  ['reason must not be empty', { $case: 'freezeAccount', accountId, debits: true }],
  ['reason must not be empty', { $case: 'unfreezeAccount', accountId }],
  ['reason must have 140 characters', { $case: 'closeAccount', accountId, reason: LONG }],
  [
    'sweep_to must be another account',
    { $case: 'closeAccount', accountId, sweepTo: ID.toUpperCase() },
  ],
  ['sweep_to must be a UUID', { $case: 'closeAccount', accountId, sweepTo: 'x' }],
  ['reversed_operation_id is required', { $case: 'reverseOperation', accountId, reason }],
  ['reason must not be empty', { $case: 'reverseOperation', accountId, reversedOperationId: ID }],
  [
    'destination_account_id must be another account',
    { $case: 'transfer', sourceAccountId: ID, destinationAccountId: ID, amount: EUR(1n) },
  ],
];

describe('a request', () => {
  it.each(GOOD.map((command) => ({ command, name: command.$case })))(
    'of $name is taken as it is',
    ({ command }) => {
      expect(checkRequest(request(command.$case, command))).toEqual([]);
    },
  );

  it.each(BAD.map(([rule, command]) => ({ rule, command, name: command.$case })))(
    'of $name: $rule',
    ({ rule, command }) => {
      const found = checkRequest(request(command.$case, command));
      expect(found.map(({ field, description }) => `${field} ${description}`)).toEqual([
        expect.stringContaining(rule),
      ]);
    },
  );

  it.each([...new Set(GOOD.map(({ $case }) => $case))])(
    'of %s names its account, a UUID as its key and a version that can be',
    ($case) => {
      const good = GOOD.find((command) => command.$case === $case);
      const wrong = { ...good, accountId: '', operationId: 'x', expectedVersion: -1n };
      const found = checkRequest(request($case, wrong));
      expect(found.map(({ field }) => field)).toEqual([
        'account_id',
        'operation_id',
        'expected_version',
      ]);
    },
  );
});
