/**
 * Bulk mode by hand: a lease is taken, renewed while the work goes on, and ended with it, however
 * it ends. If this process died, the lease would expire by itself and every replica would go back.
 */
import { unaryCall } from '#client/unary-call.ts';
import type { BulkModeServiceClient } from '#proto/bank/v1/bulk_mode_service.ts';

const TTL_SECONDS = 30n;
const RENEW_MS = 10_000;

export async function underBulkMode<T>(
  bulkMode: BulkModeServiceClient,
  work: (leaseId: string) => Promise<T>,
): Promise<T> {
  const ttl = { seconds: TTL_SECONDS, nanos: 0 };
  const request = { holder: 'example:bulk', reason: 'direct batches', ttl };
  const { lease } = await unaryCall(bulkMode.startBulkMode.bind(bulkMode), request);
  if (lease === undefined) throw new Error('bulk mode was started without a lease');
  const { leaseId } = lease;
  let renewing = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renewing
      .then(() => unaryCall(bulkMode.renewBulkMode.bind(bulkMode), { leaseId, ttl }))
      .then(() => undefined);
    renewing.catch(() => undefined); // told at the end: a batch under a lost lease fails by itself
  }, RENEW_MS);
  try {
    const result = await work(leaseId);
    await renewing;
    return result;
  } finally {
    clearInterval(timer);
    await unaryCall(bulkMode.endBulkMode.bind(bulkMode), { leaseId });
  }
}
