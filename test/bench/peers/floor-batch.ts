/**
 * One writer's batches for the PostgreSQL floor: events and entries as rows of fixed width that are
 * patched in place, sorted by account as the services sort them, and the balances that follow. A
 * writer owns its accounts, so versions are dense without a look at the database.
 */
import { uuidArray } from '#platform/copy-binary.ts';
import type { PipelineStep } from '#platform/postgres-pipeline.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { seededRandom, type Random } from '#deploy/demo/random.ts';
import { fixedRows, type FixedRows } from './fixed-rows.ts';
import { COPY_ENTRIES, COPY_EVENTS, UPDATE_BALANCES } from './floor-schema.ts';

const NO_ID = '00000000-0000-4000-8000-000000000000';
/** What a deposit with a short reference takes in the event store. */
const HASH = Buffer.alloc(32, 0x5a);
const PAYLOAD = Buffer.alloc(38, 0x3c);
const SUBMISSION_ID = 'bench-uniform-1';
const REFERENCE = 'salary 11/26';
const DEPOSITED = 2;
const INT8 = 20;
/** Where a row's fields begin, behind their lengths. */
const EVENT_AT = { account: 6, version: 26, recorded: 38 } as const;
const ENTRY_AT = { account: 6, version: 26, recorded: 44, amount: 56, balance: 68 } as const;
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
export const AMOUNT_MINOR = 12_345n;

export type FloorWriter = {
  /** The steps of the next batch: one message, one implicit transaction. */
  readonly nextBatch: () => PipelineStep[];
};

export function createFloorWriter(accounts: readonly string[], rows: number): FloorWriter {
  const ids = accounts.toSorted();
  const idBytes = Buffer.concat(ids.map((id) => uuidToBytes(id)));
  const versions = new BigInt64Array(ids.length).fill(1n); // as if it had been opened
  const random = seededRandom(ids.length + rows);
  const events = eventRows(rows);
  const entries = entryRows(rows);
  return {
    nextBatch: () => {
      const nowMs = Date.now();
      const counts = drawCounts(random, ids.length, rows);
      const micros = BigInt(nowMs - POSTGRES_EPOCH_MS) * 1000n;
      let row = 0;
      for (let account = 0; account < ids.length; account++) {
        for (let n = counts[account] ?? 0; n > 0; n--) {
          const version = (versions[account] ?? 0n) + 1n;
          versions[account] = version;
          const id = idBytes.subarray(account * 16, account * 16 + 16);
          patchEvent(events, row, id, version, micros);
          patchEntry(entries, row, id, version, micros);
          row++;
        }
      }
      const changed = ids.flatMap((_, account) => (counts[account] === 0 ? [] : [account]));
      return [
        { kind: 'copy', name: 'floor-events', sql: COPY_EVENTS, data: events.stream },
        { kind: 'copy', name: 'floor-entries', sql: COPY_ENTRIES, data: entries.stream },
        updateBalances(idBytes, versions, changed, nowMs),
      ];
    },
  };
}

function drawCounts(random: Random, accounts: number, rows: number): Uint16Array {
  const counts = new Uint16Array(accounts);
  for (let row = 0; row < rows; row++) {
    const account = random.below(accounts);
    counts[account] = (counts[account] ?? 0) + 1;
  }
  return counts;
}

function eventRows(rows: number): FixedRows {
  return fixedRows(rows, (writer) => {
    writer.row(8);
    writer.uuid(NO_ID);
    writer.int64(0n);
    writer.int64(0n);
    writer.int16(DEPOSITED);
    writer.bytes(HASH);
    writer.bytes(PAYLOAD);
    writer.null();
    writer.null();
  });
}

function entryRows(rows: number): FixedRows {
  return fixedRows(rows, (writer) => {
    writer.row(12);
    writer.uuid(NO_ID);
    writer.int64(0n);
    writer.int16(DEPOSITED);
    writer.int64(0n);
    writer.int64(AMOUNT_MINOR);
    writer.int64(0n);
    writer.text('EUR');
    writer.null();
    writer.text(SUBMISSION_ID);
    writer.int64(0n);
    writer.text(REFERENCE);
    writer.null();
  });
}

function patchEvent(
  { stream, view, rowAt }: FixedRows,
  row: number,
  id: Uint8Array,
  version: bigint,
  micros: bigint,
): void {
  const at = rowAt(row);
  stream.set(id, at + EVENT_AT.account);
  view.setBigInt64(at + EVENT_AT.version, version);
  view.setBigInt64(at + EVENT_AT.recorded, micros);
}

function patchEntry(
  { stream, view, rowAt }: FixedRows,
  row: number,
  id: Uint8Array,
  version: bigint,
  micros: bigint,
): void {
  const at = rowAt(row);
  stream.set(id, at + ENTRY_AT.account);
  view.setBigInt64(at + ENTRY_AT.version, version);
  view.setBigInt64(at + ENTRY_AT.recorded, micros);
  view.setBigInt64(at + ENTRY_AT.balance, (version - 1n) * AMOUNT_MINOR);
}

function updateBalances(
  idBytes: Buffer,
  versions: BigInt64Array,
  changed: readonly number[],
  nowMs: number,
): PipelineStep {
  const version = (account: number): bigint => versions[account] ?? 0n;
  const values = [
    uuidArray(changed.map((account) => idBytes.subarray(account * 16, account * 16 + 16))),
    int8Array(changed.map(version)),
    int8Array(changed.map((account) => (version(account) - 1n) * AMOUNT_MINOR)),
    String(nowMs),
  ];
  return { kind: 'statement', name: 'floor-balances', sql: UPDATE_BALANCES, values };
}

/** int8[] as a binary parameter. */
export function int8Array(values: readonly bigint[]): Buffer {
  const array = Buffer.alloc(20 + values.length * 12);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(INT8, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  values.forEach((value, index) => {
    array.writeInt32BE(8, 20 + index * 12);
    array.writeBigInt64BE(value, 24 + index * 12);
  });
  return array;
}
