/** How entries are shown; as CSV with the columns of docs/contract.md, a statement as CSV. */
import type { Entry } from '#proto/bank/v1/account.ts';
import { entryTypeToJSON } from '#proto/bank/v1/entry_type.ts';
import type { Columns } from './answer-writer.ts';
import { exactTime, minorUnits, shownMoney, shownName, shownNumber } from './shown-values.ts';
import { shownTime } from './shown-values.ts';

export const ENTRY_TYPE_PREFIX = 'ENTRY_TYPE_';

export const ENTRIES: Columns<Entry> = {
  table: [
    { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
    { title: 'RECORDED', value: ({ recordedAt }) => shownTime(recordedAt) },
    { title: 'VALUE DATE', value: ({ valueDate }) => valueDate },
    { title: 'TYPE', value: ({ type }) => shownName(entryTypeToJSON(type), ENTRY_TYPE_PREFIX) },
    { title: 'AMOUNT', value: ({ amount }) => movedAmount(amount), align: 'right' },
    { title: 'BALANCE', value: ({ balanceAfter }) => shownMoney(balanceAfter), align: 'right' },
    { title: 'REFERENCE', value: ({ reference }) => reference, mayShrink: true },
  ],
  csv: [
    { title: 'version', value: ({ version }) => String(version) },
    { title: 'recorded_at', value: ({ recordedAt }) => exactTime(recordedAt) },
    { title: 'value_date', value: ({ valueDate }) => valueDate },
    { title: 'type', value: ({ type }) => entryTypeToJSON(type) },
    { title: 'amount_minor', value: ({ amount }) => minorUnits(amount) },
    { title: 'balance_minor', value: ({ balanceAfter }) => minorUnits(balanceAfter) },
    { title: 'currency', value: ({ amount }) => amount?.currencyCode ?? '' },
    { title: 'reference', value: ({ reference }) => reference },
    { title: 'operation_id', value: ({ operationId }) => operationId },
    { title: 'submission_id', value: ({ submissionId }) => submissionId },
    { title: 'item_index', value: ({ itemIndex }) => (itemIndex ?? '').toString() },
    { title: 'counterpart_account_id', value: (entry) => entry.counterpartAccountId },
    { title: 'counterpart_version', value: (entry) => shownNumber(entry.counterpartVersion) },
    { title: 'hold_id', value: ({ holdId }) => holdId },
    { title: 'reversed_version', value: (entry) => shownNumber(entry.reversedVersion) },
    { title: 'reversed_by_version', value: (entry) => shownNumber(entry.reversedByVersion) },
  ],
};

/** Nothing for what moves nothing. */
function movedAmount(amount: Entry['amount']): string {
  return amount?.minorUnits === 0n ? '' : shownMoney(amount);
}
