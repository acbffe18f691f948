/**
 * The accounts that a transaction opens, in their state at its end, as the bytes of a COPY into
 * balances.
 */
import { AT, NUMBERS } from './balance-slots.ts';
import type { BalanceSlots, OpenedAccount } from './balance-slots.ts';
import { BinaryRows } from './binary-rows.ts';
import type { Halves } from './wire-reader.ts';

export const COPY_BALANCES = `
  copy balances (account_id, tenant, version, currency_code, balance_minor, held_minor,
    overdraft_limit_minor, status, debits_frozen, credits_frozen, owner, labels, opened_at,
    updated_at, projected_at)
  from stdin (format binary)`;

const FIELD_COUNT = 15;
/** All fields but the texts, with their lengths. */
const FIXED_BYTES = 250;
/** jsonb travels as its text behind the format's version. */
const JSONB_VERSION = '\x01';

/** undefined when no account is new. projectedAt: microseconds since 1970. */
export function newBalances(balances: BalanceSlots, projectedAt: Halves): Buffer | undefined {
  const { opened } = balances;
  if (opened.size === 0) return undefined;
  const copy = new BinaryRows(opened.size * FIXED_BYTES);
  for (const [slot, account] of opened) addRow(copy, balances, slot, account, projectedAt);
  return copy.finish();
}

function addRow(
  copy: BinaryRows,
  { ids, numbers }: BalanceSlots,
  slot: number,
  opened: OpenedAccount,
  projectedAt: Halves,
): void {
  const tenant = Buffer.from(opened.tenant);
  const owner = Buffer.from(opened.owner);
  const labels = Buffer.from(JSONB_VERSION + opened.labels);
  const currency = Buffer.from(opened.currency);
  copy.reserve(FIXED_BYTES + tenant.length + owner.length + labels.length + currency.length);
  const number = (at: number): number => numbers[slot * NUMBERS + at] ?? 0;
  const text = (bytes: Buffer): void => copy.slice(bytes, 0, bytes.length);
  copy.startRow(FIELD_COUNT);
  copy.slice(ids, slot * 16, slot * 16 + 16);
  text(tenant);
  copy.int64(number(AT.version), number(AT.version + 1));
  text(currency);
  copy.int64(number(AT.balance), number(AT.balance + 1));
  copy.int64(number(AT.held), number(AT.held + 1));
  copy.int64(number(AT.overdraft), number(AT.overdraft + 1));
  copy.int16(number(AT.status));
  copy.bool(number(AT.debitsFrozen) !== 0);
  copy.bool(number(AT.creditsFrozen) !== 0);
  text(owner);
  text(labels);
  copy.timestamp(opened.at.low, opened.at.high);
  copy.timestamp(number(AT.updated), number(AT.updated + 1));
  copy.timestamp(projectedAt.low, projectedAt.high);
}
