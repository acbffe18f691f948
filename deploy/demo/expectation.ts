/**
 * What must become of a payroll: acceptances, refusals by reason, balances. Computed from the files
 * alone, line by line in their order, by the words of the contract; it imports no code of the
 * services or the client. What the stores hold afterwards is compared with it.
 */
import { createHash } from 'node:crypto';
import type { DemoAccount } from './accounts-file.ts';
import { FactDigest, type Digest } from './digest.ts';
import { expectedDeposit, type ExpectedDeposit } from './expectation-rules.ts';
import { fileLines, lineFields } from './file-lines.ts';

export type ExpectedRejection = {
  readonly line: number;
  readonly reason: string;
  /** The stored field is one of these. */
  readonly fields: readonly string[];
  readonly accountText: string;
  readonly operationText: string;
};

export type ExpectedAccount = {
  readonly currencyCode: string;
  balanceMinor: bigint;
  /** Events: the opening and the accepted deposits. */
  version: bigint;
};

export type Expectation = {
  /** Lines after the header. */
  readonly lines: number;
  readonly items: number;
  /** Lines that are no item, by number. */
  readonly lineErrors: readonly number[];
  readonly accepted: number;
  /** Indexes of items that repeat an executed operation with the same content. */
  readonly replayed: ReadonlySet<number>;
  /** By item index. */
  readonly rejections: ReadonlyMap<number, ExpectedRejection>;
  readonly acceptedAmounts: ReadonlyMap<string, bigint>;
  /** Every opened account. */
  readonly accounts: ReadonlyMap<string, ExpectedAccount>;
  /** Over item index, account, amount of the accepted items. */
  readonly acceptedItems: Digest;
};

type Refusal = { readonly reason: string; readonly fields: readonly string[] };

const INT64_MAX = 9_223_372_036_854_775_807n;

export async function expectPayroll(
  payrollPath: string,
  opened: readonly DemoAccount[],
): Promise<Expectation> {
  const accounts = new Map<string, ExpectedAccount>();
  for (const { accountId, currencyCode } of opened) {
    accounts.set(accountId, { currencyCode, balanceMinor: 0n, version: 1n });
  }
  const executed = new Map<string, string>();
  const lineErrors: number[] = [];
  const replayed = new Set<number>();
  const rejections = new Map<number, ExpectedRejection>();
  const acceptedAmounts = new Map<string, bigint>();
  const acceptedItems = new FactDigest();
  let header: string[] | undefined;
  let line = 0;
  let items = 0;
  for await (const text of fileLines(payrollPath)) {
    line++;
    if (header === undefined) {
      header = lineFields(text) ?? [];
      continue;
    }
    const deposit = expectedDeposit(header, text);
    if (deposit === undefined) {
      lineErrors.push(line);
      continue;
    }
    const index = items++;
    const outcome = outcomeOf(deposit, accounts, executed);
    if (outcome === 'replayed') {
      replayed.add(index);
    } else if (outcome === 'accepted') {
      const { accountId, currencyCode, minorUnits } = deposit;
      acceptedItems.add(index, accountId, minorUnits);
      acceptedAmounts.set(currencyCode, (acceptedAmounts.get(currencyCode) ?? 0n) + minorUnits);
    } else {
      const { accountText, operationText } = deposit;
      rejections.set(index, { line, ...outcome, accountText, operationText });
    }
  }
  const accepted = items - replayed.size - rejections.size;
  const digest = acceptedItems.value();
  const lines = Math.max(0, line - 1);
  const counts = { lines, items, lineErrors, accepted, replayed, rejections };
  return { ...counts, acceptedAmounts, accounts, acceptedItems: digest };
}

/** Counts of refusals by reason. */
export function countByReason(rejections: Iterable<{ reason: string }>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of rejections) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return new Map([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Decides one deposit, and carries it out when it is accepted. */
function outcomeOf(
  deposit: ExpectedDeposit,
  accounts: Map<string, ExpectedAccount>,
  executed: Map<string, string>,
): 'accepted' | 'replayed' | Refusal {
  if (deposit.brokenFields.length > 0) {
    return { reason: 'INVALID_ITEM', fields: deposit.brokenFields };
  }
  const { accountId, operationId, currencyCode, minorUnits } = deposit;
  const operation = `${accountId} ${operationId}`;
  const before = operationId === '' ? undefined : executed.get(operation);
  if (before !== undefined) {
    if (before === contentOf(deposit)) return 'replayed';
    return { reason: 'OPERATION_ID_REUSED', fields: ['operation_id'] };
  }
  const account = accounts.get(accountId);
  if (account === undefined) return { reason: 'ACCOUNT_NOT_FOUND', fields: ['account_id', ''] };
  if (account.currencyCode !== currencyCode) {
    return { reason: 'CURRENCY_MISMATCH', fields: ['amount.currency_code', ''] };
  }
  if (account.balanceMinor + minorUnits > INT64_MAX) {
    return { reason: 'BALANCE_OVERFLOW', fields: ['amount.minor_units', ''] };
  }
  account.balanceMinor += minorUnits;
  account.version += 1n;
  if (operationId !== '') executed.set(operation, contentOf(deposit));
  return 'accepted';
}

/** Short, so that a long file's operations fit into memory. */
function contentOf({ currencyCode, minorUnits, reference, valueDate }: ExpectedDeposit): string {
  const text = JSON.stringify([currencyCode, minorUnits.toString(), reference, valueDate]);
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}
