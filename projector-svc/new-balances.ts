/**
 * The accounts that a transaction opens, in their state at its end, as the bytes of a COPY into
 * balances. What AccountOpened says is copied from where it stands in the record; a test holds that
 * equal to what the generated code reads.
 */
import { AT, NUMBERS } from './balance-slots.ts';
import type { BalanceSlots } from './balance-slots.ts';
import { BinaryRows } from './binary-rows.ts';
import type { Halves } from '#platform/wire-reader.ts';

export const COPY_BALANCES = `
  copy balances (account_id, tenant, version, currency_code, balance_minor, held_minor,
    overdraft_limit_minor, status, debits_frozen, credits_frozen, owner, labels, opened_at,
    updated_at, projected_at)
  from stdin (format binary)`;

const FIELD_COUNT = 15;
/** All fields but the texts, with their lengths. */
const FIXED_BYTES = 250;

/** undefined when no account is new. projectedAt: microseconds since 1970. */
export function newBalances(balances: BalanceSlots, projectedAt: Halves): Buffer | undefined {
  if (balances.openedCount === 0) return undefined;
  const copy = new BinaryRows(balances.openedCount * FIXED_BYTES);
  for (let slot = 0; slot < balances.count; slot++) {
    if (balances.isOpened(slot)) addRow(copy, balances, slot, projectedAt);
  }
  return copy.finish();
}

function addRow(copy: BinaryRows, balances: BalanceSlots, slot: number, projectedAt: Halves): void {
  const { ids, numbers } = balances;
  const number = (at: number): number => numbers[slot * NUMBERS + at] ?? 0;
  const bytesAt = (at: number): number => number(at + 1) - number(at);
  const bytes = balances.openedIn(slot);
  const text = (at: number): void => copy.slice(bytes, number(at), number(at + 1));
  const labels = balances.labelsOf(slot);
  const owner = balances.ownerOf(slot);
  const ownerBytes = owner?.length ?? bytesAt(AT.owner);
  const textBytes = bytesAt(AT.tenant) + bytesAt(AT.currency) + ownerBytes;
  copy.reserve(FIXED_BYTES + textBytes + labels.length);
  copy.startRow(FIELD_COUNT);
  copy.slice(ids, slot * 16, slot * 16 + 16);
  text(AT.tenant);
  copy.int64(number(AT.version), number(AT.version + 1));
  text(AT.currency);
  copy.int64(number(AT.balance), number(AT.balance + 1));
  copy.int64(number(AT.held), number(AT.held + 1));
  copy.int64(number(AT.overdraft), number(AT.overdraft + 1));
  copy.int16(number(AT.status));
  copy.bool(number(AT.debitsFrozen) !== 0);
  copy.bool(number(AT.creditsFrozen) !== 0);
  if (owner === undefined) text(AT.owner);
  else copy.slice(owner, 0, owner.length);
  copy.slice(labels, 0, labels.length);
  copy.timestamp(number(AT.openedTime), number(AT.openedTime + 1));
  copy.timestamp(number(AT.updated), number(AT.updated + 1));
  copy.timestamp(projectedAt.low, projectedAt.high);
}
