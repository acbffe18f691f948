/**
 * The accounts that a transaction changes, in their state at its end, as the binary arrays of
 * update_balances.
 */
import { AT, NUMBERS } from './balance-slots.ts';
import type { BalanceSlots } from './balance-slots.ts';
import { TYPE, binaryArray } from './binary-array.ts';
import { sincePostgresEpoch } from './binary-rows.ts';

/** undefined when every account is new. In the order of the function's arguments. */
export function changedBalances(balances: BalanceSlots): Buffer[] | undefined {
  const slots: number[] = [];
  for (let slot = 0; slot < balances.count; slot++) if (!balances.isOpened(slot)) slots.push(slot);
  if (slots.length === 0) return undefined;
  const { ids, numbers } = balances;
  const number = (slot: number, at: number): number => numbers[slot * NUMBERS + at] ?? 0;
  const int64s = (from: number): Buffer =>
    binaryArray(TYPE.int8, 8, slots, (view, at, slot) => {
      view.setInt32(at, number(slot, from + 1));
      view.setInt32(at + 4, number(slot, from));
    });
  const flags = (from: number): Buffer =>
    binaryArray(TYPE.bool, 1, slots, (view, at, slot) => view.setInt8(at, number(slot, from)));
  return [
    binaryArray(TYPE.uuid, 16, slots, (view, at, slot) => {
      for (let i = 0; i < 16; i++) view.setUint8(at + i, ids[slot * 16 + i] ?? 0);
    }),
    int64s(AT.version),
    int64s(AT.balance),
    int64s(AT.held),
    int64s(AT.overdraft),
    binaryArray(TYPE.int2, 2, slots, (view, at, slot) =>
      view.setInt16(at, number(slot, AT.status)),
    ),
    flags(AT.debitsFrozen),
    flags(AT.creditsFrozen),
    binaryArray(TYPE.timestamptz, 8, slots, (view, at, slot) => {
      const { low, high } = sincePostgresEpoch(
        number(slot, AT.updated),
        number(slot, AT.updated + 1),
      );
      view.setInt32(at, high);
      view.setInt32(at + 4, low);
    }),
  ];
}
