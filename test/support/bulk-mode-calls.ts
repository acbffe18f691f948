/** Bulk mode as a caller sees it: GetBulkMode, and waiting for what it tells. */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import type { BulkModeLease, GetBulkModeResponse } from '#proto/bank/v1/bulk_mode_service.ts';
import { until } from '#test/support/until.ts';

export function getBulkMode({ bulkMode }: BankClient): Promise<GetBulkModeResponse> {
  return unaryCall(bulkMode.getBulkMode.bind(bulkMode), {});
}

export async function startBulkMode(
  { bulkMode }: BankClient,
  holder: string,
  ttlSeconds: number,
): Promise<BulkModeLease> {
  const ttl = { seconds: BigInt(ttlSeconds), nanos: 0 };
  const request = { holder, reason: 'a test', ttl };
  const { lease } = await unaryCall(bulkMode.startBulkMode.bind(bulkMode), request);
  if (lease === undefined) throw new Error('an answer without a lease');
  return lease;
}

export async function endBulkMode({ bulkMode }: BankClient, leaseId: string): Promise<boolean> {
  return (await unaryCall(bulkMode.endBulkMode.bind(bulkMode), { leaseId })).active;
}

/** What each replica runs with, as text; the same for each instance when its column is. */
export function settingsText({ replicas }: GetBulkModeResponse): string[] {
  return replicas.map(({ instance, bulk, settings }) => {
    const values = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    return `${instance} ${bulk ? 'bulk' : 'normal'} ${values.toSorted().join(' ')}`;
  });
}

/** Waits until the replicas report just this; answers how long it took in milliseconds. */
export async function untilSettings(
  client: BankClient,
  wanted: readonly string[],
  timeoutMs: number,
): Promise<number> {
  const startedMs = performance.now();
  let last: string[] = [];
  await until(
    wanted.join('; '),
    async () => {
      // Redis may be away for a moment: then nobody tells.
      last = await getBulkMode(client).then(settingsText, (error: unknown) => [String(error)]);
      return last.toSorted().join('; ') === wanted.toSorted().join('; ');
    },
    { timeoutMs, detail: () => `they are ${last.join('; ')}` },
  );
  return performance.now() - startedMs;
}
