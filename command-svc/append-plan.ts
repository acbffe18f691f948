/**
 * Between decide and append: a decided batch as the bytes and rows that one append stores. Pure.
 */
import { uuidArray } from '#platform/copy-binary.ts';
import type { BaseAccount } from './lane-states.ts';
import { encodeBatch, type LogPosition, type PackedReplay } from './batch-codec.ts';
import {
  accountTextOf,
  operationTextOf,
  type BatchItem,
  type SubmissionClaim,
} from './batch-item.ts';
import type { DecidedBatch } from './decide-batch.ts';
import { auditRows } from './audit-rows.ts';
import { eventRows } from './event-rows.ts';
import type { AppendRequest, RejectionRow } from './sql/append-batch.ts';
import { packedSubmission, partsOf, submissionBatchRow, type Parts } from './submission-parts.ts';

export type BatchIdentity = {
  readonly batchId: string;
  readonly partition: number;
  readonly traceparent: string | undefined;
  /** The other positions that the append takes. */
  readonly others: readonly LogPosition[];
};

/** True when there is nothing to store: refusals and replays of unary commands only. */
export function storesNothing(items: readonly BatchItem[], decided: DecidedBatch): boolean {
  return decided.events.length === 0 && items.every(({ origin }) => origin.kind === 'unary');
}

/** The claims that a batch's items stand on, by claim id. */
export function claimsOf(items: readonly BatchItem[]): Map<string, SubmissionClaim> {
  const claims = new Map<string, SubmissionClaim>();
  let last: unknown;
  for (const { origin } of items) {
    if (origin === last || origin.kind !== 'submission') continue;
    last = origin;
    claims.set(origin.claim.claimId, origin.claim);
  }
  return claims;
}

export function planAppend(
  identity: BatchIdentity,
  items: readonly BatchItem[],
  decided: DecidedBatch,
): AppendRequest {
  const parts = partsOf(items, decided.decisions);
  const { base, newStates } = decided;
  const accounts = [...base.accounts];
  const refusedOnly = accounts.filter(([id]) => !newStates.has(id));
  return {
    partition: identity.partition,
    known: base.known,
    knownBatchId: base.knownBatchId,
    batchId: identity.batchId,
    refusedOnly: uuidArray(refusedOnly.map(idBytesOf)),
    claims: [...claimsOf(items).values()],
    traceparent: identity.traceparent ?? null,
    storedAtMicros: decided.nowMicros,
    accountIds: uuidArray(accounts.map(idBytesOf)),
    payload: packedPayload(identity, items, decided, parts),
    events: decided.events.length === 0 ? undefined : eventRows(decided),
    holds: decided.holds,
    reversals: decided.reversals,
    accountKeys: decided.accountKeys,
    parts: parts.all.map(submissionBatchRow),
    rejections: rejectionRows(items, decided),
    audit: auditRows(items, decided.decisions),
  };
}

function idBytesOf([, account]: readonly [string, BaseAccount]): Uint8Array {
  return account.idBytes;
}

function packedPayload(
  identity: BatchIdentity,
  items: readonly BatchItem[],
  decided: DecidedBatch,
  { all, numberOf }: Parts,
): Buffer {
  const replayed: PackedReplay[] = [];
  for (const [place, decision] of decided.decisions.entries()) {
    const item = items[place];
    if (decision.kind !== 'replayed' || item?.origin.kind !== 'submission') continue;
    const { version } = decision.after;
    const { itemIndex } = item;
    const accountId = item.command?.accountId ?? '';
    replayed.push({ submissionNumber: numberOf(item), itemIndex, accountId, version });
  }
  return encodeBatch({
    batchId: identity.batchId,
    partition: identity.partition,
    storedAtMicros: decided.nowMicros,
    events: decided.events,
    payloads: decided.payloads,
    submissionNumberOf: numberOf,
    submissions: all.map(packedSubmission),
    others: identity.others,
    replayed,
  });
}

function rejectionRows(items: readonly BatchItem[], decided: DecidedBatch): RejectionRow[] {
  const rows: RejectionRow[] = [];
  for (const [place, decision] of decided.decisions.entries()) {
    const item = items[place];
    if (decision.kind !== 'rejected' || item?.origin.kind !== 'submission') continue;
    rows.push({
      tenant: item.origin.claim.tenant,
      submissionId: item.origin.claim.submissionId,
      itemIndex: item.itemIndex,
      accountText: accountTextOf(item),
      operationText: operationTextOf(item),
      rejection: decision.rejection,
    });
  }
  return rows;
}
