/**
 * An entry as the projection holds it, and the contract's Entry message that is made of it. Amounts
 * and versions are bigint, times microseconds since 1970-01-01 UTC.
 */
import { timestampFromMicros } from '#platform/timestamps.ts';
import type { AccountState } from '#proto/bank/event/v1/events.ts';
import type { Entry } from '#proto/bank/v1/account.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';

export type EntryView = {
  readonly version: bigint;
  /** Number of EntryType. */
  readonly type: number;
  readonly recordedAtMicros: bigint;
  readonly amountMinor: bigint;
  readonly balanceAfterMinor: bigint;
  readonly currencyCode: string;
  readonly operationId: string | undefined;
  readonly submissionId: string | undefined;
  readonly itemIndex: bigint | undefined;
  readonly reference: string;
  /** YYYY-MM-DD; undefined: the day it was recorded. */
  readonly valueDate: string | undefined;
  /** The other leg. */
  readonly counterpartAccountId: string | undefined;
  readonly counterpartVersion: bigint | undefined;
  readonly holdId: string | undefined;
  /** Of a reversal: what it undoes; */
  readonly reversedVersion: bigint | undefined;
  /** and of what is undone, its reversal. */
  readonly reversedByVersion: bigint | undefined;
  /** Undefined: the entry has changed nothing but the balance. */
  readonly stateAfter: AccountState | undefined;
};

const MICROS_A_MILLISECOND = 1_000n;
const DAY_CHARACTERS = 'YYYY-MM-DD'.length;
const KNOWN_TYPES: ReadonlyMap<number, EntryType> = new Map(
  Object.values(EntryType).map((type) => [type, type]),
);

export function entryMessage(accountId: string, entry: EntryView): Entry {
  const { currencyCode } = entry;
  return {
    accountId,
    version: entry.version,
    type: KNOWN_TYPES.get(entry.type) ?? EntryType.UNRECOGNIZED,
    recordedAt: timestampFromMicros(entry.recordedAtMicros),
    amount: { currencyCode, minorUnits: entry.amountMinor },
    balanceAfter: { currencyCode, minorUnits: entry.balanceAfterMinor },
    operationId: entry.operationId ?? '',
    submissionId: entry.submissionId ?? '',
    itemIndex: entry.itemIndex,
    reference: entry.reference,
    valueDate: entry.valueDate ?? dayOf(entry.recordedAtMicros),
    counterpartAccountId: entry.counterpartAccountId ?? '',
    counterpartVersion: entry.counterpartVersion ?? 0n,
    holdId: entry.holdId ?? '',
    reversedVersion: entry.reversedVersion ?? 0n,
    reversedByVersion: entry.reversedByVersion ?? 0n,
  };
}

function dayOf(micros: bigint): string {
  return new Date(Number(micros / MICROS_A_MILLISECOND)).toISOString().slice(0, DAY_CHARACTERS);
}
