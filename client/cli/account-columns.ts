/** How accounts and receipts are shown. */
import { accountStatusToJSON, type Account } from '#proto/bank/v1/account.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import type { Hold } from '#proto/bank/v1/account_command_service.ts';
import type { Columns } from './answer-writer.ts';
import { exactTime, minorUnits, shownMoney, shownName, shownTime } from './shown-values.ts';
import type { Column } from './text-table.ts';

const STATUS_PREFIX = 'ACCOUNT_STATUS_';

const ACCOUNT_CSV: readonly Column<Account>[] = [
  { title: 'account_id', value: ({ accountId }) => accountId },
  { title: 'as_of_version', value: ({ asOfVersion }) => String(asOfVersion) },
  { title: 'status', value: ({ status }) => accountStatusToJSON(status) },
  { title: 'currency', value: ({ currencyCode }) => currencyCode },
  { title: 'balance_minor', value: ({ balance }) => minorUnits(balance) },
  { title: 'available_minor', value: ({ available }) => minorUnits(available) },
  { title: 'held_minor', value: ({ held }) => minorUnits(held) },
  { title: 'overdraft_limit_minor', value: ({ overdraftLimit }) => minorUnits(overdraftLimit) },
  { title: 'debits_frozen', value: ({ debitsFrozen }) => String(debitsFrozen) },
  { title: 'credits_frozen', value: ({ creditsFrozen }) => String(creditsFrozen) },
  { title: 'owner', value: ({ owner }) => owner },
  { title: 'labels', value: ({ labels }) => labelText(labels, ';') },
  { title: 'opened_at', value: ({ openedAt }) => exactTime(openedAt) },
  { title: 'updated_at', value: ({ updatedAt }) => exactTime(updatedAt) },
];

/** One account, a fact a line. */
export const ACCOUNT: Columns<Account> = {
  table: [
    { title: 'account', value: ({ accountId }) => accountId },
    { title: 'owner', value: ({ owner }) => owner },
    { title: 'labels', value: ({ labels }) => labelText(labels, ', ') },
    { title: 'status', value: shownStatus },
    { title: 'balance', value: ({ balance }) => shownMoney(balance) },
    { title: 'available', value: ({ available }) => shownMoney(available) },
    { title: 'held', value: ({ held }) => shownMoney(held) },
    { title: 'overdraft', value: ({ overdraftLimit }) => shownMoney(overdraftLimit) },
    { title: 'version', value: ({ asOfVersion }) => String(asOfVersion) },
    { title: 'opened', value: ({ openedAt }) => shownTime(openedAt) },
    { title: 'updated', value: ({ updatedAt }) => shownTime(updatedAt) },
  ],
  csv: ACCOUNT_CSV,
};

/** Many of them, one a line. */
export const ACCOUNTS: Columns<Account> = {
  table: [
    { title: 'ACCOUNT', value: ({ accountId }) => accountId },
    { title: 'STATUS', value: shownStatus },
    { title: 'BALANCE', value: ({ balance }) => shownMoney(balance), align: 'right' },
    { title: 'AVAILABLE', value: ({ available }) => shownMoney(available), align: 'right' },
    { title: 'VERSION', value: ({ asOfVersion }) => String(asOfVersion), align: 'right' },
    { title: 'OWNER', value: ({ owner }) => owner, mayShrink: true },
  ],
  csv: ACCOUNT_CSV,
};

/** What a command's answer tells of one account. */
export type Receipt = CommandReceipt & { readonly hold?: Hold | undefined; readonly kind?: string };

export const RECEIPT: Columns<Receipt> = {
  table: [
    { title: 'account', value: ({ accountId }) => accountId },
    { title: 'operation', value: ({ operationId }) => operationId },
    { title: 'type', value: ({ kind = '' }) => kind },
    { title: 'version', value: ({ version }) => String(version) },
    { title: 'balance', value: ({ balance }) => shownMoney(balance) },
    { title: 'available', value: ({ available }) => shownMoney(available) },
    { title: 'hold', value: ({ hold }) => hold?.holdId ?? '' },
    { title: 'set aside', value: ({ hold }) => shownMoney(hold?.remaining) },
    { title: 'until', value: ({ hold }) => shownTime(hold?.expiresAt) },
    { title: 'stored', value: storedText },
  ],
  csv: [
    { title: 'account_id', value: ({ accountId }) => accountId },
    { title: 'operation_id', value: ({ operationId }) => operationId },
    { title: 'version', value: ({ version }) => String(version) },
    { title: 'balance_minor', value: ({ balance }) => minorUnits(balance) },
    { title: 'available_minor', value: ({ available }) => minorUnits(available) },
    { title: 'currency', value: ({ balance }) => balance?.currencyCode ?? '' },
    { title: 'hold_id', value: ({ hold }) => hold?.holdId ?? '' },
    { title: 'replayed', value: ({ replayed }) => String(replayed) },
    { title: 'stored_at', value: ({ storedAt }) => exactTime(storedAt) },
  ],
};

function storedText({ storedAt, replayed }: Receipt): string {
  if (storedAt === undefined) return 'no: a dry run';
  return `${shownTime(storedAt)}${replayed ? ', by an earlier call: nothing is stored anew' : ''}`;
}

function shownStatus({ status, debitsFrozen, creditsFrozen }: Account): string {
  const name = shownName(accountStatusToJSON(status), STATUS_PREFIX);
  if (debitsFrozen && creditsFrozen) return `${name}, frozen`;
  if (debitsFrozen) return `${name}, debits frozen`;
  return creditsFrozen ? `${name}, credits frozen` : name;
}

function labelText(labels: Readonly<Record<string, string>>, between: string): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.toSorted().join(between);
}
