/**
 * From well-formed requests to the domain's commands, the same for unary calls and bulk items: ids
 * in canonical form, empty texts where a field was left out, and the account id of an OpenAccount
 * that names none. Assumes that field-rules.ts found nothing; throws for a request that it would
 * have refused.
 */
import { createHash } from 'node:crypto';
import type { Deposit, OpenAccount } from '#domain/commands.ts';
import { canonicalUuid, uuidFromBytes } from '#platform/uuid.ts';
import type { DepositFields, OpenAccountFields } from './field-rules.ts';

export function depositCommand(deposit: DepositFields): Deposit {
  return depositTo(canonical(deposit.accountId), deposit);
}

/** For a caller that has the account's id in canonical form. */
export function depositTo(accountId: string, deposit: DepositFields): Deposit {
  const { amount } = deposit;
  if (amount === undefined) throw new Error('a deposit without an amount was not refused');
  return {
    type: 'Deposit',
    accountId,
    currencyCode: amount.currencyCode,
    amountMinor: amount.minorUnits,
    reference: deposit.reference,
    valueDate: deposit.valueDate,
    operationId: optionalUuid(deposit.operationId),
    expectedVersion: deposit.expectedVersion ?? 0n,
  };
}

/** `derivedAccountId` is asked only when the request names neither an account nor an operation. */
export function openAccountCommand(
  account: OpenAccountFields,
  tenant: string,
  derivedAccountId: () => string,
): OpenAccount {
  const operationId = optionalUuid(account.operationId);
  return {
    type: 'OpenAccount',
    tenant,
    accountId:
      optionalUuid(account.accountId) ??
      (operationId === undefined
        ? derivedAccountId()
        : accountIdOf('operation', tenant, operationId)),
    currencyCode: account.currencyCode,
    owner: account.owner,
    overdraftLimitMinor: account.overdraftLimit?.minorUnits ?? 0n,
    labels: account.labels,
    operationId,
  };
}

/** A resent item must open the same account: its id comes from its place in the submission. */
export function accountIdOfItem(tenant: string, submissionId: string, itemIndex: number): string {
  return accountIdOf('item', tenant, submissionId, String(itemIndex));
}

/** A UUID of version 8 over the parts. Stored with accounts: it may never change. */
function accountIdOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of ['bank.v1 account', ...parts]) {
    hash.update(`${Buffer.byteLength(part)}:${part}`);
  }
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidFromBytes(bytes);
}

function optionalUuid(text: string): string | undefined {
  return text === '' ? undefined : canonical(text);
}

function canonical(text: string): string {
  const id = canonicalUuid(text);
  if (id === undefined) throw new Error('an id that is no UUID was not refused');
  return id;
}
