/**
 * The last state of each account that one transaction touches: events come in the order of their
 * versions, so a later one takes the place of an earlier one. Plain columns and a hash table of its
 * own, since every event comes through here. Accounts that are opened in the transaction become
 * rows of a COPY (new-balances.ts), all others the arrays of one update (changed-balances.ts).
 */
import { AccountOpened } from '#proto/bank/event/v1/events.ts';
import type { EventFields } from './event-fields.ts';
import type { Halves } from './wire-reader.ts';

export type OpenedAccount = {
  tenant: string;
  owner: string;
  labels: string;
  currency: string;
  at: Halves;
};

/** Where a slot's numbers stand: 64-bit ones as low and high. */
export const AT = {
  version: 0,
  balance: 2,
  held: 4,
  overdraft: 6,
  updated: 8,
  status: 10,
  debitsFrozen: 11,
  creditsFrozen: 12,
} as const;
export const NUMBERS = 13;
const ID_BYTES = 16;

export class BalanceSlots {
  count = 0;
  /** 16 bytes a slot. */
  readonly ids: Buffer;
  /** NUMBERS a slot. */
  readonly numbers: Int32Array;
  /** By slot: the accounts that are opened here. */
  readonly opened = new Map<number, OpenedAccount>();
  /** 1 + slot; 0: free. At most half full. */
  readonly #table: Int32Array;

  /** accountsMax: the number of events is always enough. */
  constructor(accountsMax: number) {
    this.ids = Buffer.allocUnsafe(accountsMax * ID_BYTES);
    this.numbers = new Int32Array(accountsMax * NUMBERS);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(accountsMax * 2 + 2)));
  }

  add(bytes: Buffer, fields: EventFields): void {
    const slot = this.#slotOf(bytes, fields.accountAt);
    if (fields.openedAt >= 0) this.opened.set(slot, openedOf(bytes, fields));
    const { numbers } = this;
    const at = slot * NUMBERS;
    numbers[at + AT.version] = fields.versionLow;
    numbers[at + AT.version + 1] = fields.versionHigh;
    numbers[at + AT.balance] = fields.balanceLow;
    numbers[at + AT.balance + 1] = fields.balanceHigh;
    numbers[at + AT.held] = fields.heldLow;
    numbers[at + AT.held + 1] = fields.heldHigh;
    numbers[at + AT.overdraft] = fields.overdraftLow;
    numbers[at + AT.overdraft + 1] = fields.overdraftHigh;
    numbers[at + AT.updated] = fields.recordedLow;
    numbers[at + AT.updated + 1] = fields.recordedHigh;
    numbers[at + AT.status] = fields.status;
    numbers[at + AT.debitsFrozen] = fields.debitsFrozen ? 1 : 0;
    numbers[at + AT.creditsFrozen] = fields.creditsFrozen ? 1 : 0;
  }

  #slotOf(bytes: Buffer, at: number): number {
    const mask = this.#table.length - 1;
    let place = hashOf(bytes, at) & mask;
    for (;;) {
      const slot = (this.#table[place] ?? 0) - 1;
      if (slot < 0) break;
      if (sameId(this.ids, slot * ID_BYTES, bytes, at)) return slot;
      place = (place + 1) & mask;
    }
    const slot = this.count++;
    this.#table[place] = slot + 1;
    bytes.copy(this.ids, slot * ID_BYTES, at, at + ID_BYTES);
    return slot;
  }
}

function hashOf(bytes: Buffer, at: number): number {
  let hash = 0;
  for (let i = at; i < at + ID_BYTES; i++) hash = Math.imul(hash, 31) + (bytes[i] ?? 0);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 12);
}

function sameId(a: Buffer, aAt: number, b: Buffer, bAt: number): boolean {
  for (let i = 0; i < ID_BYTES; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

function openedOf(bytes: Buffer, fields: EventFields): OpenedAccount {
  const event = AccountOpened.decode(bytes.subarray(fields.openedAt, fields.openedEnd));
  const form = event.owner?.form;
  return {
    tenant: event.tenant,
    owner: form?.$case === 'plain' ? form.value : '',
    labels: JSON.stringify(event.labels),
    currency: event.currencyCode,
    at: { low: fields.recordedLow, high: fields.recordedHigh },
  };
}
