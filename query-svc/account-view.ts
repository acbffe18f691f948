/**
 * An account as the projection shows it, as of one version: what the SQL reads, the cache holds and
 * the contract's Account message says. Amounts and versions are bigint, times microseconds since
 * 1970-01-01 UTC.
 */
import { timestampFromMicros } from '#platform/timestamps.ts';
import { AccountStatus, type Account } from '#proto/bank/v1/account.ts';

export type AccountView = {
  readonly accountId: string;
  readonly tenant: string;
  readonly version: bigint;
  readonly currencyCode: string;
  readonly balanceMinor: bigint;
  /** Without the holds whose time had passed when it was read; */
  readonly heldMinor: bigint;
  /** true until the next one passes. */
  readonly nextExpiryMicros: bigint | undefined;
  readonly overdraftLimitMinor: bigint;
  /** Number of AccountStatus. */
  readonly status: number;
  readonly debitsFrozen: boolean;
  readonly creditsFrozen: boolean;
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly openedAtMicros: bigint;
  readonly updatedAtMicros: bigint;
  readonly projectedAtMicros: bigint;
};

export function accountMessage(view: AccountView): Account {
  const money = (minorUnits: bigint) => ({ currencyCode: view.currencyCode, minorUnits });
  return {
    accountId: view.accountId,
    asOfVersion: view.version,
    currencyCode: view.currencyCode,
    balance: money(view.balanceMinor),
    available: money(view.balanceMinor - view.heldMinor + view.overdraftLimitMinor),
    held: money(view.heldMinor),
    overdraftLimit: money(view.overdraftLimitMinor),
    status: accountStatus(view.status),
    debitsFrozen: view.debitsFrozen,
    creditsFrozen: view.creditsFrozen,
    owner: view.owner,
    labels: { ...view.labels },
    openedAt: timestampFromMicros(view.openedAtMicros),
    updatedAt: timestampFromMicros(view.updatedAtMicros),
    projectedAt: timestampFromMicros(view.projectedAtMicros),
  };
}

function accountStatus(number: number): AccountStatus {
  const status = Object.values(AccountStatus).find((value) => value === number);
  return status ?? AccountStatus.UNRECOGNIZED;
}
