/**
 * The append: events by binary COPY, holds and reversals where there are any, and all else by the
 * function append_batch, in one message with one Sync. Outside of a transaction that is one
 * implicit transaction (fast path); inside of one, under the heads' locks, it is one step of it
 * (slow path). Refusals of the functions themselves come as their own SQLSTATEs.
 */
import type { ClientBase } from 'pg';
import type { Rejection } from '#domain/rejection.ts';
import { joinCopies } from '#platform/copy-binary.ts';
import {
  lockTimeout,
  runPipeline,
  type PipelineResult,
  type PipelineStep,
} from '#platform/postgres-pipeline.ts';
import { auditJson, type AuditRow } from '../audit-rows.ts';
import type { HoldChange, Reversal } from '../batch-facts.ts';
import type { SubmissionClaim } from '../batch-item.ts';
import { SHARED_LOCK_TIMEOUT_MS } from '../bounds.ts';
import type { AccountKey } from '../decision-seals.ts';

/** What append_batch raises. */
export const APPEND_STATE = {
  noHead: 'BK000',
  headMoved: 'BK001',
  claimGone: 'BK002',
} as const;

export type SubmissionBatchRow = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly replayed: number;
  /** Accepted sums by currency, minor units; entries of one currency add up. */
  readonly amounts: readonly (readonly [string, bigint])[];
  readonly items: Uint8Array;
  readonly hashes: Uint8Array;
};

export type RejectionRow = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly itemIndex: number;
  readonly accountText: string;
  readonly operationText: string;
  readonly rejection: Rejection;
};

export type AppendRequest = {
  readonly partition: number;
  readonly known: bigint;
  readonly knownBatchId: string | undefined;
  readonly batchId: string;
  /** uuid[] in binary form, like accountIds. */
  readonly refusedOnly: Buffer;
  readonly claims: readonly SubmissionClaim[];
  readonly traceparent: string | null;
  readonly storedAtMicros: bigint;
  readonly accountIds: Buffer;
  readonly payload: Buffer;
  /** Rows of a binary COPY; undefined when there are none. */
  readonly events: Buffer | undefined;
  readonly holds: readonly HoldChange[];
  readonly reversals: readonly Reversal[];
  readonly accountKeys: readonly AccountKey[];
  readonly parts: readonly SubmissionBatchRow[];
  readonly rejections: readonly RejectionRow[];
  readonly audit: readonly AuditRow[];
};

const COPY_EVENTS = `
  copy events (account_id, version, recorded_at, type, hash, payload, operation_id, content_hash)
  from stdin (format binary)`;

const APPEND_HOLDS = 'select append_holds($1)';

const APPEND_REVERSALS = `
  insert into reversals (account_id, reversed_version, version)
  select * from unnest($1::uuid[], $2::bigint[], $3::bigint[])`;

const APPEND_ACCOUNT_KEYS = `
  insert into account_keys (account_id, key_id)
  select * from unnest($1::uuid[], $2::bigint[])`;

const APPEND = `select append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9,
  'epoch'::timestamptz + $10::bigint * interval '1 microsecond', $11, $12, $13, $14, $15)`;

/** Answers the position. `position` undefined: take the head here; else the caller holds it. */
export async function appendBatch(
  client: ClientBase,
  request: AppendRequest,
  position: bigint | undefined,
  timeoutMs: number,
): Promise<bigint> {
  const steps = [...eventSteps([request]), callAppend(request, position)];
  const results = await runPipeline(client, steps, timeoutMs);
  return positionOf(results.at(-1));
}

/**
 * Batches of several partitions, ascending, without claims, in one implicit transaction: all of
 * them stand or none does. All events come first, so that no head is held while they are written;
 * a head that somebody holds is not waited for, for it would keep all of them.
 */
export async function appendBatches(
  client: ClientBase,
  requests: readonly AppendRequest[],
  timeoutMs: number,
): Promise<bigint[]> {
  const shared = requests.length > 1 ? [lockTimeout(SHARED_LOCK_TIMEOUT_MS)] : [];
  const first = [...shared, ...eventSteps(requests)];
  const calls = requests.map((request) => callAppend(request, undefined));
  const results = await runPipeline(client, [...first, ...calls], timeoutMs);
  return results.slice(first.length).map(positionOf);
}

/**
 * The same inside of a transaction that has taken the positions: `positions` has one for each
 * request.
 */
export async function appendAtPositions(
  client: ClientBase,
  requests: readonly AppendRequest[],
  positions: readonly bigint[],
  timeoutMs: number,
): Promise<void> {
  const calls = requests.map((request, at) => callAppend(request, positions[at]));
  await runPipeline(client, [...eventSteps(requests), ...calls], timeoutMs);
}

/** The events, and what stands beside them of holds, reversals and keys, where there are any. */
function eventSteps(requests: readonly AppendRequest[]): PipelineStep[] {
  const steps: PipelineStep[] = [];
  const events = requests.flatMap((request) => request.events ?? []);
  if (events.length > 0) {
    const data = joinCopies(events);
    steps.push({ kind: 'copy', name: 'copy-events', sql: COPY_EVENTS, data });
  }
  const holds = requests.flatMap((request) => request.holds);
  if (holds.length > 0) {
    const values = [JSON.stringify(holds.map(holdJson))];
    steps.push({ kind: 'statement', name: 'append-holds', sql: APPEND_HOLDS, values });
  }
  const reversals = requests.flatMap((request) => request.reversals);
  if (reversals.length > 0) {
    const values = [
      arrayText(reversals.map(({ accountId }) => accountId)),
      arrayText(reversals.map(({ reversedVersion }) => reversedVersion)),
      arrayText(reversals.map(({ version }) => version)),
    ];
    steps.push({ kind: 'statement', name: 'append-reversals', sql: APPEND_REVERSALS, values });
  }
  const keys = requests.flatMap((request) => request.accountKeys);
  if (keys.length > 0) {
    const values = [
      arrayText(keys.map(({ accountId }) => accountId)),
      arrayText(keys.map(({ keyId }) => keyId)),
    ];
    const name = 'append-account-keys';
    steps.push({ kind: 'statement', name, sql: APPEND_ACCOUNT_KEYS, values });
  }
  return steps;
}

function callAppend(request: AppendRequest, position: bigint | undefined): PipelineStep {
  const values = [
    String(request.partition),
    position === undefined ? null : String(position),
    String(request.known),
    request.knownBatchId ?? null,
    request.batchId,
    request.refusedOnly,
    claimIds(request.claims),
    claimsJson(request.claims),
    request.traceparent,
    String(request.storedAtMicros),
    request.accountIds,
    request.payload,
    request.parts.length === 0 ? null : JSON.stringify(request.parts.map(partJson)),
    request.rejections.length === 0 ? null : JSON.stringify(request.rejections.map(rejectionJson)),
    request.audit.length === 0 ? null : JSON.stringify(request.audit.map(auditJson)),
  ];
  return { kind: 'statement', name: 'append-batch', sql: APPEND, values };
}

function positionOf(result: PipelineResult | undefined): bigint {
  const seq = result?.rows[0]?.[0];
  if (typeof seq !== 'string') throw new Error('append_batch answered no position');
  return BigInt(seq);
}

/** Of ids or numbers: nothing in it needs quotes. */
const arrayText = (values: readonly (string | bigint)[]): string => `{${values.join(',')}}`;

const claimIds = (claims: readonly SubmissionClaim[]): string =>
  arrayText(claims.map((claim) => claim.claimId));

const claimsJson = (claims: readonly SubmissionClaim[]): string =>
  JSON.stringify(
    claims.map(({ tenant, submissionId, claimId }) => {
      return { t: tenant, s: submissionId, c: claimId };
    }),
  );

function holdJson(hold: HoldChange): unknown {
  return {
    a: hold.accountId,
    h: hold.holdId,
    p: hold.placedVersion !== undefined,
    v: hold.placedVersion?.toString(),
    r: String(hold.remainingMinor),
    e: hold.expiresAtMicros?.toString(),
    o: hold.end,
  };
}

function partJson(part: SubmissionBatchRow): unknown {
  return {
    t: part.tenant,
    s: part.submissionId,
    f: part.firstIndex,
    l: part.lastIndex,
    a: part.accepted,
    r: part.rejected,
    d: part.replayed,
    c: part.amounts.map(([currencyCode]) => currencyCode),
    m: part.amounts.map(([, sumMinor]) => String(sumMinor)),
    i: Buffer.from(part.items).toString('base64'),
    h: Buffer.from(part.hashes).toString('base64'),
  };
}

function rejectionJson(row: RejectionRow): unknown {
  return {
    t: row.tenant,
    s: row.submissionId,
    i: row.itemIndex,
    a: row.accountText,
    o: row.operationText,
    r: row.rejection.reason,
    m: row.rejection.message,
    f: row.rejection.field,
  };
}
