/**
 * Every way in which a method of BulkModeService is refused: one row a case, those of a method in
 * the order of precedence.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { LEASES_MAX } from '#platform/leases.ts';
import {
  BulkModeServiceService,
  type BulkModeServiceClient,
} from '#proto/bank/v1/bulk_mode_service.ts';
import { callUnary } from '#test/support/intake-replica.ts';
import type { RefusedCall } from '#test/support/refused-calls.ts';

export type BulkModeGround = {
  client: BulkModeServiceClient;
  /** Without Redis. */
  without: BulkModeServiceClient;
};

const { startBulkMode, renewBulkMode, endBulkMode, getBulkMode } = BulkModeServiceService;
const { INVALID_ARGUMENT, FAILED_PRECONDITION, RESOURCE_EXHAUSTED, UNAVAILABLE } = status;

const start = (client: BulkModeServiceClient, holder = 'payroll') =>
  callUnary(client, startBulkMode, { holder, reason: '', ttl: undefined });
const renew = (client: BulkModeServiceClient, leaseId: string = randomUUID()) =>
  callUnary(client, renewBulkMode, { leaseId, ttl: undefined });
const end = (client: BulkModeServiceClient, leaseId: string = randomUUID()) =>
  callUnary(client, endBulkMode, { leaseId });

/** So many that none of them waits too long for Redis, however busy the machine is. */
const AT_ONCE = 20;

async function startTooMany({ client }: BulkModeGround): Promise<unknown> {
  const held: (string | undefined)[] = [];
  try {
    while (held.length < LEASES_MAX) {
      const some = await Promise.all(Array.from({ length: AT_ONCE }, () => start(client)));
      held.push(...some.map(({ lease }) => lease?.leaseId));
    }
    return await start(client);
  } finally {
    while (held.length > 0) {
      await Promise.all(held.splice(0, AT_ONCE).map((leaseId) => end(client, leaseId)));
    }
  }
}

const BULK_MODE_UNAVAILABLE = { code: UNAVAILABLE, reason: 'BULK_MODE_UNAVAILABLE' };

export const BULK_MODE_REFUSALS: readonly RefusedCall<BulkModeGround>[] = [
  {
    method: 'StartBulkMode',
    code: INVALID_ARGUMENT,
    reason: 'holder',
    call: ({ without }) => start(without, ''),
  },
  { method: 'StartBulkMode', ...BULK_MODE_UNAVAILABLE, call: ({ without }) => start(without) },
  {
    method: 'StartBulkMode',
    code: RESOURCE_EXHAUSTED,
    reason: 'QUOTA_EXCEEDED',
    call: startTooMany,
  },
  {
    method: 'RenewBulkMode',
    code: INVALID_ARGUMENT,
    reason: 'lease_id',
    call: ({ without }) => renew(without, 'mine'),
  },
  { method: 'RenewBulkMode', ...BULK_MODE_UNAVAILABLE, call: ({ without }) => renew(without) },
  {
    method: 'RenewBulkMode',
    code: FAILED_PRECONDITION,
    reason: 'LEASE_EXPIRED',
    call: ({ client }) => renew(client),
  },
  {
    method: 'EndBulkMode',
    code: INVALID_ARGUMENT,
    reason: 'lease_id',
    call: ({ without }) => end(without, ''),
  },
  { method: 'EndBulkMode', ...BULK_MODE_UNAVAILABLE, call: ({ without }) => end(without) },
  {
    method: 'GetBulkMode',
    ...BULK_MODE_UNAVAILABLE,
    call: ({ without }) => callUnary(without, getBulkMode, {}),
  },
];
