/**
 * The methods of BulkModeService: a caller takes a lease of bulk mode, renews it, ends it, and sees
 * who holds one and what every replica runs with, by its own report. All need Redis, and say
 * UNAVAILABLE without it; commands and streams do not.
 */
import { status } from '@grpc/grpc-js';
import { audited, type AuditLog } from '#platform/audit.ts';
import { EntriesUnavailableError } from '#platform/expiring-entries.ts';
import { invalidArgument, refusal, type FieldViolation } from '#platform/grpc-errors.ts';
import { LEASES_MAX, type Lease } from '#platform/leases.ts';
import type { Logger } from '#platform/logger.ts';
import type { ReplicaReport } from '#platform/replica-reports.ts';
import { timestampFromDate } from '#platform/timestamps.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import { refuseUnservedFields } from '#platform/unserved-fields.ts';
import {
  EndBulkModeRequest,
  type GetBulkModeRequest,
  RenewBulkModeRequest,
  StartBulkModeRequest,
  type BulkModeLease,
  type BulkModeServiceServer,
  type ReplicaSettings,
} from '#proto/bank/v1/bulk_mode_service.ts';
import type { Duration } from '#proto/google/protobuf/duration.ts';
import {
  LEASES_A_CALLER_MAX,
  LEASE_TEXT_CHARACTERS_MAX,
  LEASE_TTL_MS,
  RETRY_AFTER_MS,
} from './bounds.ts';
import type { BulkMode } from './bulk-mode.ts';
import { leaseIdOf, leaseKey, seesLease } from './lease-keys.ts';
import { nameRule, textRule, uuidRule } from './field-rules.ts';

export type BulkModeHandlers = Pick<
  BulkModeServiceServer,
  'startBulkMode' | 'renewBulkMode' | 'endBulkMode' | 'getBulkMode'
>;

/** `audit`: undefined: nobody is told who did what. */
export function bulkModeHandlers(mode: BulkMode, log: Logger, audit?: AuditLog): BulkModeHandlers {
  const { startBulkMode, renewBulkMode, endBulkMode, getBulkMode } = bulkModeMethods(mode);
  const lease = ({ leaseId }: { leaseId: string }): string => `lease ${leaseId}`;
  const start = ({ holder, reason }: StartBulkModeRequest): string => `${holder}: ${reason}`;
  return {
    startBulkMode: unary(log, audited(audit, 'StartBulkMode', start, startBulkMode)),
    renewBulkMode: unary(log, audited(audit, 'RenewBulkMode', lease, renewBulkMode)),
    endBulkMode: unary(log, audited(audit, 'EndBulkMode', lease, endBulkMode)),
    getBulkMode: unary(log, getBulkMode),
  };
}

function bulkModeMethods(mode: BulkMode) {
  return {
    startBulkMode: async (request: StartBulkModeRequest, { caller }: CallContext) => {
      refuseUnservedFields(request, ['holder', 'reason', 'ttl'], StartBulkModeRequest.create());
      const { holder, reason } = request;
      const ttlMs = checkFields(request.ttl, {
        holder: nameRule(holder, LEASE_TEXT_CHARACTERS_MAX),
        reason: textRule(reason, 0, LEASE_TEXT_CHARACTERS_MAX),
      });
      const lease = await orUnavailable(mode.startBulkMode({ holder, reason }, ttlMs, caller));
      if (lease === undefined) throw tooManyLeases();
      return { lease: leaseMessage(lease) };
    },
    renewBulkMode: async (request: RenewBulkModeRequest, { caller }: CallContext) => {
      refuseUnservedFields(request, ['lease_id', 'ttl'], RenewBulkModeRequest.create());
      const ttlMs = checkFields(request.ttl, { lease_id: uuidRule(request.leaseId) });
      const key = leaseKey(request.leaseId, caller);
      const lease = await orUnavailable(mode.leases.renew(key, ttlMs));
      if (lease === undefined) throw leaseExpired(leaseIdOf(key));
      return { lease: leaseMessage(lease) };
    },
    endBulkMode: async (request: EndBulkModeRequest, { caller }: CallContext) => {
      refuseUnservedFields(request, ['lease_id'], EndBulkModeRequest.create());
      checkFields(undefined, { lease_id: uuidRule(request.leaseId) });
      const key = leaseKey(request.leaseId, caller);
      return { active: await orUnavailable(mode.endBulkMode(key)) };
    },
    getBulkMode: async (_request: GetBulkModeRequest, { caller }: CallContext) => {
      const { leases: all, reports: each } = mode;
      const reading = Promise.all([all.standing(), all.list(), each.list()]);
      const [{ count }, leases, reports] = await orUnavailable(reading);
      return {
        active: count > 0, // one that cannot be read counts too
        leases: leases.filter(({ id }) => seesLease(caller, id)).map(leaseMessage),
        replicas: reports.map(settingsMessage),
      };
    },
  };
}

/** A command came under a lease that is gone. */
export function leaseExpired(leaseId: string): Error {
  const message = `the lease ${leaseId} of bulk mode has ended, or never was`;
  return refusal(status.FAILED_PRECONDITION, 'LEASE_EXPIRED', message);
}

/** Turns what Redis does not answer into what a caller can act on. */
export async function orUnavailable<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (cause) {
    if (!(cause instanceof EntriesUnavailableError)) throw cause;
    const message = 'bulk mode cannot be reached: there is no answer from Redis';
    const options = { cause, retryAfterMs: RETRY_AFTER_MS };
    throw refusal(status.UNAVAILABLE, 'BULK_MODE_UNAVAILABLE', message, options);
  }
}

/** Answers the time to live; throws with every field that breaks its rule. */
function checkFields(
  ttl: Duration | undefined,
  rules: Readonly<Record<string, string | undefined>>,
): number {
  const ttlMs = ttl === undefined ? LEASE_TTL_MS.default : millisecondsOf(ttl);
  const isInBounds = ttlMs >= LEASE_TTL_MS.min && ttlMs <= LEASE_TTL_MS.max;
  const all = { ...rules, ttl: isInBounds ? undefined : 'must be 5 to 600 s' };
  const violations = Object.entries(all).flatMap(([field, description]): FieldViolation[] =>
    description === undefined ? [] : [{ field, description }],
  );
  if (violations.length > 0) throw invalidArgument(violations);
  return Math.floor(ttlMs);
}

/** NaN for what is no Duration: it is in no bounds. */
function millisecondsOf({ seconds, nanos }: Duration): number {
  if (Math.abs(nanos) > 999_999_999 || Number(seconds) * nanos < 0) return Number.NaN;
  return Number(seconds) * 1000 + nanos / 1_000_000;
}

function tooManyLeases(): Error {
  const message =
    `too many leases of bulk mode are held already: at most ${LEASES_MAX} are at once, ` +
    `${LEASES_A_CALLER_MAX} of them by one authenticated caller`;
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return refusal(status.RESOURCE_EXHAUSTED, 'QUOTA_EXCEEDED', message, options);
}

function leaseMessage({ id, holder, reason, endsAtMs }: Lease): BulkModeLease {
  return {
    leaseId: leaseIdOf(id),
    holder,
    reason,
    expiresAt: timestampFromDate(new Date(endsAtMs)),
  };
}

function settingsMessage({ service, instance, isOn, settings }: ReplicaReport): ReplicaSettings {
  const values = Object.entries(settings).map(([name, value]): [string, bigint] => {
    return [name, BigInt(value)];
  });
  return { service, instance, bulk: isOn, settings: Object.fromEntries(values) };
}
