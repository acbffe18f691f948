/**
 * The last state of each account that one transaction touches: events come in the order of their
 * versions, so a later one takes the place of an earlier one. Plain columns and a hash table of its
 * own, since every event comes through here. Accounts that are opened in the transaction become
 * rows of a COPY (new-balances.ts), all others the arrays of one update (changed-balances.ts).
 */
import type { EventFields } from './event-fields.ts';
import { NO_LABELS, newOpenedFields, readOpened } from './opened-fields.ts';
import { UNOPENED } from './text-opener.ts';
import type { TextOpener } from './text-opener.ts';

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
  /** Of an account that is opened here, else 0: 1 + its record, when, and where texts stand. */
  openedRecord: 13,
  openedTime: 14,
  tenant: 16,
  currency: 18,
  owner: 20,
} as const;
export const NUMBERS = 22;
const ID_BYTES = 16;

const opened = newOpenedFields();

export class BalanceSlots {
  count = 0;
  /** 16 bytes a slot. */
  readonly ids: Buffer;
  /** NUMBERS a slot. */
  readonly numbers: Int32Array;
  /** Accounts that are opened here. */
  openedCount = 0;
  /** By slot: jsonb in its binary form. */
  readonly #labels = new Map<number, Buffer>();
  /** By slot: owners who are sealed in their events. */
  readonly #owners = new Map<number, Buffer>();
  /** The records that open some. */
  readonly #records: Buffer[] = [];
  /** 1 + slot; 0: free. At most half full. */
  readonly #table: Int32Array;

  /** accountsMax: the number of events is always enough. */
  constructor(accountsMax: number) {
    this.ids = Buffer.allocUnsafe(accountsMax * ID_BYTES);
    this.numbers = new Int32Array(accountsMax * NUMBERS);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(accountsMax * 2 + 2)));
  }

  add(bytes: Buffer, fields: EventFields, texts: TextOpener = UNOPENED): void {
    const slot = this.#slotOf(bytes, fields.accountAt);
    if (fields.openedAt >= 0) this.#open(slot, bytes, fields, texts);
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

  isOpened(slot: number): boolean {
    return (this.numbers[slot * NUMBERS + AT.openedRecord] ?? 0) > 0;
  }

  /** The record that opens the account. */
  openedIn(slot: number): Buffer {
    const record = this.#records[(this.numbers[slot * NUMBERS + AT.openedRecord] ?? 0) - 1];
    if (record === undefined) throw new Error(`no record opens the account of slot ${slot}`);
    return record;
  }

  labelsOf(slot: number): Buffer {
    return this.#labels.get(slot) ?? NO_LABELS;
  }

  /** Of an owner who is sealed in the event: the opened text. */
  ownerOf(slot: number): Buffer | undefined {
    return this.#owners.get(slot);
  }

  #open(slot: number, bytes: Buffer, fields: EventFields, texts: TextOpener): void {
    readOpened(bytes, fields.openedAt, fields.openedEnd, opened);
    if (!this.isOpened(slot)) this.openedCount++;
    if (this.#records.at(-1) !== bytes) this.#records.push(bytes);
    const { numbers } = this;
    const at = slot * NUMBERS;
    numbers[at + AT.openedRecord] = this.#records.length;
    numbers[at + AT.openedTime] = fields.recordedLow;
    numbers[at + AT.openedTime + 1] = fields.recordedHigh;
    numbers[at + AT.tenant] = opened.tenantAt;
    numbers[at + AT.tenant + 1] = opened.tenantEnd;
    numbers[at + AT.currency] = opened.currencyAt;
    numbers[at + AT.currency + 1] = opened.currencyEnd;
    numbers[at + AT.owner] = opened.ownerAt;
    numbers[at + AT.owner + 1] = opened.ownerEnd;
    if (opened.labels !== NO_LABELS) this.#labels.set(slot, opened.labels);
    const { sealedAt, sealedEnd } = opened;
    if (sealedAt < 0) return;
    const { accountAt, versionLow, versionHigh } = fields;
    const place = { accountAt, versionLow, versionHigh, sealedAt, sealedEnd };
    this.#owners.set(slot, texts.open(bytes, place));
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
