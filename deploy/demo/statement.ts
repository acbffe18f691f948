/**
 * One account's statement as a caller reads it: GetAccount and the newest entries of ListEntries,
 * as text.
 */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { currencyDecimals } from '#platform/currencies.ts';
import { dateFromTimestamp } from '#platform/timestamps.ts';
import type { Entry } from '#proto/bank/v1/account.ts';
import { ListEntriesRequest, ListOrder } from '#proto/bank/v1/account_query_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import type { Money } from '#proto/bank/v1/money.ts';

const ENTRIES = 6;
const AMOUNT_WIDTH = 16;
const TYPE_WIDTH = 16;

export async function readStatement(
  { queries }: BankClient,
  accountId: string,
  minVersion: bigint,
  signal: AbortSignal,
): Promise<string[]> {
  const get = { accountId, minVersion };
  const { account } = await unaryCall(queries.getAccount.bind(queries), get, { signal });
  const list = ListEntriesRequest.fromPartial({
    accountId,
    minVersion,
    pageSize: ENTRIES,
    order: ListOrder.LIST_ORDER_DESCENDING,
  });
  const page = await unaryCall(queries.listEntries.bind(queries), list, { signal });
  const owner = account?.owner === '' ? '' : ` of ${account?.owner}`;
  return [
    `account ${accountId}${owner}: balance ${moneyText(account?.balance)} as of version` +
      ` ${account?.asOfVersion}, its last ${page.entries.length} entries`,
    ...page.entries.toReversed().map(entryText),
  ];
}

/** 1250 of EUR as "12.50 EUR". */
export function moneyText(money: Money | undefined): string {
  if (money === undefined) return '';
  const { currencyCode, minorUnits } = money;
  const decimals = currencyDecimals(currencyCode) ?? 0;
  const magnitude = minorUnits < 0n ? -minorUnits : minorUnits;
  const digits = magnitude.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${minorUnits < 0n ? '-' : ''}${whole}${fraction} ${currencyCode}`;
}

function entryText(entry: Entry): string {
  const type = Object.entries(EntryType).find(([, value]) => value === entry.type)?.[0] ?? '';
  return [
    `  ${entry.version}`.padEnd(8),
    entry.recordedAt === undefined ? '' : dateFromTimestamp(entry.recordedAt).toISOString(),
    type.replace('ENTRY_TYPE_', '').toLowerCase().padEnd(TYPE_WIDTH),
    moneyText(entry.amount).padStart(AMOUNT_WIDTH),
    moneyText(entry.balanceAfter).padStart(AMOUNT_WIDTH),
    ` ${entry.reference}`,
  ].join(' ');
}
