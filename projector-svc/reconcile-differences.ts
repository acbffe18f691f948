/** In what the projection's rows differ from what the events say, as findings with both sides. */
import type { AccountState } from '#proto/bank/event/v1/events.ts';
import type { ExpectedEntry } from './reconcile-expected.ts';
import type { EventFold } from './reconcile-fold.ts';
import type { ProjectedAccount, ProjectedHold } from './sql/read-projection-page.ts';

export type Report = (version: bigint, kind: string, expected: unknown, found: unknown) => void;

type EntryField = keyof ExpectedEntry;

const ENTRY_FIELDS: readonly EntryField[] = [
  'type',
  'recorded_micros',
  'amount_minor',
  'balance_after_minor',
  'currency_code',
  'operation_id',
  'reference',
  'value_date',
  'counterpart_account_id',
  'counterpart_version',
  'hold_id',
  'reversed_version',
];
/** What people wrote is compared, and not told. */
const UNTOLD: readonly EntryField[] = ['reference'];

export function differingFields(expected: ExpectedEntry, found: ExpectedEntry): EntryField[] {
  const differing = ENTRY_FIELDS.filter((field) => expected[field] !== found[field]);
  return expected.reference === undefined
    ? differing.filter((field) => field !== 'reference')
    : differing;
}

export function fieldsText(entry: ExpectedEntry, fields: readonly EntryField[]): string {
  return fields
    .map((field) => `${field} ${UNTOLD.includes(field) ? '(not shown)' : (entry[field] ?? '-')}`)
    .join(', ');
}

export function entryText(entry: ExpectedEntry): string {
  return fieldsText(entry, ['type', 'amount_minor', 'balance_after_minor']);
}

export function balanceText({ version, balance_minor: balance }: ProjectedAccount): string {
  return `version ${version}, balance ${balance}`;
}

export function stateText(version: bigint, after: AccountState | undefined): string {
  return `version ${version}, balance ${after?.balanceMinor ?? 0n}`;
}

/** entriesMinor: the sum of the account's entries. */
export function compareBalance(
  report: Report,
  found: ProjectedAccount,
  { version, after, opened }: EventFold,
  entriesMinor: bigint,
): void {
  const facts: [kind: string, expected: unknown, found: unknown][] = [
    ['VERSION_DIFFERS', version, found.version],
    ['BALANCE_DIFFERS', after?.balanceMinor, found.balance_minor],
    ['HELD_DIFFERS', after?.heldMinor, found.held_minor],
    ['OVERDRAFT_LIMIT_DIFFERS', after?.overdraftLimitMinor, found.overdraft_limit_minor],
    ['CURRENCY_DIFFERS', after?.currencyCode, found.currency_code],
    ['STATUS_DIFFERS', after?.status, found.status],
    ['DEBITS_FROZEN_DIFFERS', after?.debitsFrozen, found.debits_frozen],
    ['CREDITS_FROZEN_DIFFERS', after?.creditsFrozen, found.credits_frozen],
    ['TENANT_DIFFERS', opened?.tenant, found.tenant],
    ['ENTRY_SUM_DIFFERS', after?.balanceMinor, entriesMinor],
  ];
  for (const [kind, expected, seen] of facts) {
    if (expected !== seen) report(version, kind, expected ?? '', seen);
  }
  const isErasing = opened !== undefined && opened.owner === undefined;
  if (!isErasing && opened?.owner !== found.owner) report(version, 'OWNER_DIFFERS', '', '');
  if (!sameLabels(opened?.labels ?? {}, found.labels)) report(version, 'LABELS_DIFFER', '', '');
}

export function compareHolds(
  report: Report,
  version: bigint,
  expected: EventFold['holds'],
  found: readonly ProjectedHold[],
): void {
  const text = (remaining: bigint, expires: bigint | null): string =>
    `${remaining}, expires ${expires ?? 'never'}`;
  const seen = new Map(
    found.map((row) => [row.hold_id, text(row.remaining_minor, row.expires_micros)]),
  );
  for (const holdId of new Set([...expected.keys(), ...seen.keys()])) {
    const hold = expected.get(holdId);
    const wanted = hold && text(hold.remainingMinor, hold.expiresMicros);
    const there = seen.get(holdId);
    if (wanted === there) continue;
    report(version, 'HOLD_DIFFERS', `${holdId} ${wanted ?? '-'}`, `${holdId} ${there ?? '-'}`);
  }
}

function sameLabels(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(one);
  const sameSize = keys.length === Object.keys(other).length;
  return sameSize && keys.every((key) => one[key] === other[key]);
}
