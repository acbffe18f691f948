/**
 * Between decide and append: a decided batch as the bytes and rows that one append stores. Pure.
 */
import { MINOR_UNITS_MAX } from '#domain/money.ts';
import { uuidArray, CopyWriter } from '#platform/copy-binary.ts';
import {
  encodeBatch,
  type LogPosition,
  type PackedReplay,
  type PackedSubmission,
} from './batch-codec.ts';
import type { BatchItem, SubmissionClaim } from './batch-item.ts';
import type { DecidedBatch, DecidedEvent } from './decide-batch.ts';
import { ACCEPTED, encodeIndexes, encodeStoredItems, REJECTED, REPLAYED } from './item-indexes.ts';
import type { AppendRequest, RejectionRow, SubmissionBatchRow } from './sql/append-batch.ts';

export type BatchIdentity = {
  readonly batchId: string;
  readonly partition: number;
  readonly traceparent: string | undefined;
  /** The other positions that the append takes. */
  readonly others: readonly LogPosition[];
};

/** What a batch holds of one submission, ascending by index. */
type Part = {
  readonly number: number;
  readonly claim: SubmissionClaim;
  readonly places: number[];
};

/** True when there is nothing to store: refusals and replays of unary commands only. */
export function storesNothing(items: readonly BatchItem[], decided: DecidedBatch): boolean {
  return decided.events.length === 0 && items.every((item) => item.source.kind === 'unary');
}

/** The claims that a batch's items stand on, by claim id. */
export function claimsOf(items: readonly BatchItem[]): Map<string, SubmissionClaim> {
  const claims = new Map<string, SubmissionClaim>();
  for (const { source } of items) {
    if (source.kind === 'submission') claims.set(source.claim.claimId, source.claim);
  }
  return claims;
}

export function planAppend(
  identity: BatchIdentity,
  items: readonly BatchItem[],
  decided: DecidedBatch,
): AppendRequest {
  const parts = partsOf(items);
  const accountIds = accountIdsOf(items);
  const refusedOnly = accountIds.filter((id) => !decided.newStates.has(id));
  return {
    partition: identity.partition,
    known: decided.known,
    batchId: identity.batchId,
    refusedOnly: uuidArray(refusedOnly),
    claims: [...claimsOf(items).values()],
    traceparent: identity.traceparent ?? null,
    storedAtMicros: decided.nowMicros,
    accountIds: uuidArray(accountIds),
    payload: packedPayload(identity, items, decided, parts),
    events: decided.events.length === 0 ? undefined : copyRows(decided.events),
    parts: [...parts.values()].map((part) => submissionBatchRow(part, items, decided)),
    rejections: rejectionRows(items, decided),
  };
}

function accountIdsOf(items: readonly BatchItem[]): string[] {
  const ids = new Set<string>();
  for (const { command } of items) if (command !== undefined) ids.add(command.accountId);
  return [...ids];
}

const partKey = (claim: SubmissionClaim): string => `${claim.tenant}\0${claim.submissionId}`;

function partsOf(items: readonly BatchItem[]): Map<string, Part> {
  const parts = new Map<string, Part>();
  for (const [place, { source }] of items.entries()) {
    if (source.kind !== 'submission') continue;
    const key = partKey(source.claim);
    let part = parts.get(key);
    if (part === undefined) {
      part = { number: parts.size + 1, claim: source.claim, places: [] };
      parts.set(key, part);
    }
    part.places.push(place);
  }
  const indexAt = (place: number): number => itemIndexOf(items[place]);
  for (const { places } of parts.values()) places.sort((a, b) => indexAt(a) - indexAt(b));
  return parts;
}

function itemIndexOf(item: BatchItem | undefined): number {
  return item?.source.kind === 'submission' ? item.source.itemIndex : 0;
}

function partNumberOf(item: BatchItem, parts: ReadonlyMap<string, Part>): number {
  if (item.source.kind !== 'submission') return 0;
  return parts.get(partKey(item.source.claim))?.number ?? 0;
}

function packedPayload(
  identity: BatchIdentity,
  items: readonly BatchItem[],
  decided: DecidedBatch,
  parts: ReadonlyMap<string, Part>,
): Buffer {
  const replayed: PackedReplay[] = [];
  for (const [place, decision] of decided.decisions.entries()) {
    const item = items[place];
    if (decision.kind !== 'replayed' || item?.source.kind !== 'submission') continue;
    const { accountId, version } = decision.receipt;
    const { itemIndex } = item.source;
    replayed.push({ submissionNumber: partNumberOf(item, parts), itemIndex, accountId, version });
  }
  return encodeBatch({
    batchId: identity.batchId,
    partition: identity.partition,
    storedAtMicros: decided.nowMicros,
    events: decided.events.map((event) => ({
      accountId: event.accountId,
      version: event.version,
      type: event.type,
      recordedAtMicros: event.recordedAtMicros,
      operationId: event.operationId,
      payload: event.payload,
      submissionNumber: partNumberOf(event.item, parts),
      itemIndex: itemIndexOf(event.item),
      commandNumber: event.commandNumber,
    })),
    submissions: [...parts.values()].map((part) => packedSubmission(part, items, decided)),
    others: identity.others,
    replayed,
  });
}

function packedSubmission(
  part: Part,
  items: readonly BatchItem[],
  decided: DecidedBatch,
): PackedSubmission {
  const accepted = part.places.filter((place) => decided.decisions[place]?.kind === 'accepted');
  return {
    tenant: part.claim.tenant,
    submissionId: part.claim.submissionId,
    accepted: accepted.length,
    acceptedIndexes: encodeIndexes(accepted.map((place) => itemIndexOf(items[place]))),
  };
}

const OUTCOMES = { accepted: ACCEPTED, rejected: REJECTED, replayed: REPLAYED } as const;

function submissionBatchRow(
  part: Part,
  items: readonly BatchItem[],
  decided: DecidedBatch,
): SubmissionBatchRow {
  const indexes = part.places.map((place) => itemIndexOf(items[place]));
  const kinds = part.places.map((place) => decided.decisions[place]?.kind ?? 'rejected');
  const hashes = Buffer.allocUnsafe(part.places.length * 8);
  const amounts = new Map<string, bigint>();
  const counts = { accepted: 0, rejected: 0, replayed: 0 };
  for (const [at, place] of part.places.entries()) {
    const item = items[place];
    const kind = kinds[at] ?? 'rejected';
    counts[kind] += 1;
    if (item === undefined) throw new Error(`the batch has no item ${place}`);
    hashes.set(item.contentHash, at * 8);
    if (kind === 'accepted' && item.command?.type === 'Deposit') {
      const { currencyCode, amountMinor } = item.command;
      amounts.set(currencyCode, (amounts.get(currencyCode) ?? 0n) + amountMinor);
    }
  }
  return {
    tenant: part.claim.tenant,
    submissionId: part.claim.submissionId,
    firstIndex: indexes[0] ?? 0,
    lastIndex: indexes.at(-1) ?? 0,
    ...counts,
    amounts: [...amounts].flatMap(withinInt8),
    items: encodeStoredItems(
      indexes,
      kinds.map((kind) => OUTCOMES[kind]),
    ),
    hashes,
  };
}

/** A sum over accounts may pass what an int8 holds: then several entries add up to it. */
function withinInt8([currencyCode, sumMinor]: readonly [string, bigint]): [string, bigint][] {
  const entries: [string, bigint][] = [];
  let rest = sumMinor;
  for (; rest > MINOR_UNITS_MAX; rest -= MINOR_UNITS_MAX) {
    entries.push([currencyCode, MINOR_UNITS_MAX]);
  }
  return [...entries, [currencyCode, rest]];
}

function rejectionRows(items: readonly BatchItem[], decided: DecidedBatch): RejectionRow[] {
  const rows: RejectionRow[] = [];
  for (const [place, decision] of decided.decisions.entries()) {
    const item = items[place];
    if (decision.kind !== 'rejected' || item?.source.kind !== 'submission') continue;
    rows.push({
      tenant: item.source.claim.tenant,
      submissionId: item.source.claim.submissionId,
      itemIndex: item.source.itemIndex,
      accountText: item.accountText,
      operationText: item.operationText,
      rejection: decision.rejection,
    });
  }
  return rows;
}

const EVENT_COLUMNS = 8;
const EVENT_ROW_BYTES = 260;

/** Sorted by account, so that concurrent appends meet index pages and locks in one order. */
function copyRows(events: readonly DecidedEvent[]): Buffer {
  const sorted = events.toSorted(byAccountAndVersion);
  const writer = new CopyWriter(sorted.length * EVENT_ROW_BYTES);
  for (const event of sorted) {
    writer.row(EVENT_COLUMNS);
    writer.uuid(event.accountId);
    writer.int64(event.version);
    writer.timestamp(event.recordedAtMicros);
    writer.int16(event.type);
    writer.bytes(event.hash);
    writer.bytes(event.payload);
    if (event.operationId === '' || event.contentHash === undefined) {
      writer.null();
      writer.null();
    } else {
      writer.uuid(event.operationId);
      writer.bytes(event.contentHash);
    }
  }
  return writer.finish();
}

function byAccountAndVersion(a: DecidedEvent, b: DecidedEvent): number {
  if (a.accountId !== b.accountId) return a.accountId < b.accountId ? -1 : 1;
  return a.version < b.version ? -1 : 1;
}
