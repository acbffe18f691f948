/** served-requests.ts for the commands on an account that is there. */
import { status } from '@grpc/grpc-js';
import type { JsonObject } from '#test/support/contract-methods.ts';
import type { Ground, ServedMethod } from '#test/support/served-requests.ts';

export const euros = (minorUnits: number): JsonObject => {
  return { currency_code: 'EUR', minor_units: String(minorUnits) };
};
export const FAR_OFF = '2090-01-01';

/** A command on the ground's account; every call changes it. */
function command(
  fields: (ground: Ground) => JsonObject,
  values: (ground: Ground) => JsonObject = () => ({}),
): ServedMethod {
  return {
    changes: 'all',
    request: (ground) => ({ account_id: ground.account, ...fields(ground) }),
    values: (ground) => ({
      account_id: ground.freshAccount,
      operation_id: ground.freshOperation,
      'amount.currency_code': 'CHF',
      ...values(ground),
    }),
  };
}

const reason = 'a test';

export const ACCOUNT_COMMANDS: Readonly<Record<string, ServedMethod>> = {
  Withdraw: command(
    () => ({ amount: euros(1) }),
    () => ({ value_date: '2026-01-31' }),
  ),
  Transfer: {
    changes: 'all',
    request: ({ account, emptyAccount }) => ({
      source_account_id: account,
      destination_account_id: emptyAccount,
      amount: euros(1),
    }),
    values: ({ freshAccount, freshOperation }) => ({
      source_account_id: freshAccount,
      destination_account_id: freshAccount,
      'amount.currency_code': 'CHF',
      operation_id: freshOperation,
      value_date: '2026-01-31',
    }),
  },
  PlaceHold: command(
    ({ freshHold }) => ({ amount: euros(1), hold_id: freshHold }),
    ({ freshOperation }) => ({
      hold_id: freshOperation,
      expires_at: `${FAR_OFF}T00:00:00Z`,
    }),
  ),
  CaptureHold: command(
    ({ hold }) => ({ hold_id: hold, amount: euros(1) }),
    ({ freshHold }) => ({ hold_id: freshHold }),
  ),
  ReleaseHold: command(
    ({ hold }) => ({ hold_id: hold }),
    ({ freshHold }) => ({ hold_id: freshHold }),
  ),
  SetOverdraftLimit: command(
    () => ({ overdraft_limit: euros(5) }),
    () => ({ 'overdraft_limit.currency_code': 'CHF' }),
  ),
  FreezeAccount: command(
    () => ({ debits: true, reason }),
    () => ({ debits: false }),
  ),
  UnfreezeAccount: command(() => ({ reason })),
  /** Without a key-encryption key nothing can be erased; erased-owner.test.ts has one. */
  EraseOwner: {
    endsWith: status.FAILED_PRECONDITION,
    request: ({ owner }) => ({ owner, reason }),
    values: () => ({ owner: '', reason: '' }),
  },
  CloseAccount: command(({ emptyAccount }) => ({ account_id: emptyAccount })),
  ReverseOperation: command(
    ({ operation }) => ({ reversed_operation_id: operation, reason }),
    ({ freshOperation }) => ({ reversed_operation_id: freshOperation }),
  ),
};
