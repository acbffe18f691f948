/** BulkModeService over gRPC, on a real Redis and without one. */
import { randomUUID } from 'node:crypto';
import { credentials } from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ANYONE } from '#platform/caller.ts';
import { Closers } from '#platform/closers.ts';
import { createGrpcServer } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import {
  BulkModeServiceClient,
  BulkModeServiceService,
  type BulkModeLease,
  type StartBulkModeRequest,
} from '#proto/bank/v1/bulk_mode_service.ts';
import { BULK_MODE_REFUSALS } from '#test/support/bulk-mode-refusals.ts';
import { callUnary, failureOf } from '#test/support/intake-replica.ts';
import { until } from '#test/support/until.ts';
import { LEASES_A_CALLER_MAX } from '../../../command-svc/bounds.ts';
import { bulkModeHandlers } from '../../../command-svc/bulk-mode-requests.ts';
import { openBulkMode, type BatchSettings, type BulkMode } from '../../../command-svc/bulk-mode.ts';

const NORMAL: BatchSettings = {
  batchItemsMax: 1_000,
  batchTimeoutMs: 100,
  batchProcessors: 8,
  queueItemsMax: 5_000,
};
const BULK = { ...NORMAL, batchItemsMax: 5_000 };
const INSTANCE = `requests-${process.pid}`;
const { startBulkMode, renewBulkMode, endBulkMode, getBulkMode } = BulkModeServiceService;

type Service = { mode: BulkMode; client: BulkModeServiceClient };
const closers = new Closers();

async function serve(redisUrl: string): Promise<Service> {
  const options = { normal: NORMAL, bulk: BULK, streamLeaseMs: 10_000 };
  const names = { redisUrl, service: 'command-svc', instance: INSTANCE };
  const mode = openBulkMode({ ...options, ...names }, { closers, log: silentLogger });
  const { server, serve, drain } = createGrpcServer({ log: silentLogger });
  server.addService(BulkModeServiceService, bulkModeHandlers(mode, silentLogger));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  const client = new BulkModeServiceClient(address, credentials.createInsecure());
  closers.add('server', () => drain(1_000));
  closers.add('client', () => client.close());
  return { mode, client };
}

let mode: BulkMode;
let client: BulkModeServiceClient;
let without: BulkModeServiceClient;
beforeAll(async () => {
  ({ mode, client } = await serve(inject('stack').redisUrl));
  ({ client: without } = await serve('redis://127.0.0.1:1'));
  await until('Redis', () => get().then(Boolean, () => false));
});
afterAll(() => closers.closeAll());

const REQUEST: StartBulkModeRequest = { holder: 'payroll', reason: 'March', ttl: undefined };
const seconds = (count: number) => ({ seconds: BigInt(count), nanos: 0 });
const get = () => callUnary(client, getBulkMode, {});
const end = (leaseId: string) => callUnary(client, endBulkMode, { leaseId });
const renew = (leaseId: string, ttl = 60) =>
  callUnary(client, renewBulkMode, { leaseId, ttl: seconds(ttl) });

async function start(more: Partial<StartBulkModeRequest> = {}): Promise<BulkModeLease> {
  const { lease } = await callUnary(client, startBulkMode, { ...REQUEST, ...more });
  if (lease === undefined) throw new Error('no lease');
  return lease;
}

const restSeconds = ({ expiresAt }: BulkModeLease): number =>
  Number(expiresAt?.seconds) - Date.now() / 1000;

describe('a lease', () => {
  test('is started for 60 s or the time asked for, shown, renewed and ended', async () => {
    const first = await start();
    expect(first).toMatchObject({ holder: 'payroll', reason: 'March' });
    expect(Math.abs(restSeconds(first) - 60)).toBeLessThan(3);
    const second = await start({ ttl: seconds(300), reason: '' });
    expect(Math.abs(restSeconds(second) - 300)).toBeLessThan(3);
    expect(await get()).toMatchObject({ active: true, leases: [first, second] });
    expect(await mode.holdsLease(first.leaseId)).toBe(true);

    const renewed = (await renew(first.leaseId.toUpperCase(), 600)).lease;
    expect(renewed).toMatchObject({ leaseId: first.leaseId, holder: 'payroll', reason: 'March' });
    expect((await get()).leases.map(({ leaseId }) => leaseId)).toEqual([
      second.leaseId,
      first.leaseId,
    ]);
    expect(await end(first.leaseId)).toEqual({ active: true });
    expect(await end(first.leaseId)).toEqual({ active: true });
    expect(await end(second.leaseId)).toEqual({ active: false });
    expect(await get()).toMatchObject({ active: false, leases: [] });
  });

  test('is refused to a caller who holds too many, and to nobody else', async () => {
    const scopes = new Set(['bulk.write']);
    const [ann, ben] = ['ann', 'ben'].map((subject) => ({
      ...ANYONE,
      tenant: 'a',
      subject,
      scopes,
    }));
    const text = { holder: 'payroll', reason: '' };
    const keys: string[] = [];
    for (let n = 0; n < LEASES_A_CALLER_MAX; n++) {
      keys.push((await mode.startBulkMode(text, 60_000, ann))?.id ?? expect.fail());
    }
    expect(await mode.startBulkMode(text, 60_000, ann)).toBeUndefined();
    keys.push((await mode.startBulkMode(text, 60_000, ben))?.id ?? expect.fail());
    for (const key of keys) await mode.endBulkMode(key);
  });

  test('is refused beyond what a caller may hold, also when all come at once', async () => {
    const caller = { ...ANYONE, tenant: 'a', subject: 'cid', scopes: new Set(['bulk.write']) };
    // Whose key ends alike is somebody else.
    const other = { ...caller, tenant: 'b', subject: 'x@a@cid' };
    const text = { holder: 'payroll', reason: '' };
    const theirs = await mode.startBulkMode(text, 60_000, other);
    const asked = Array.from({ length: 2 * LEASES_A_CALLER_MAX }, () =>
      mode.startBulkMode(text, 60_000, caller),
    );
    const taken = (await Promise.all(asked)).filter((lease) => lease !== undefined);
    for (const { id } of taken) await mode.endBulkMode(id);
    await mode.endBulkMode(theirs?.id ?? '');
    expect(taken).toHaveLength(LEASES_A_CALLER_MAX);
  });

  test('that is gone is not renewed', async () => {
    const { leaseId } = await start();
    await end(leaseId);
    expect(await failureOf(renew(leaseId))).toBe('9 LEASE_EXPIRED');
    expect(await failureOf(renew(randomUUID()))).toBe('9 LEASE_EXPIRED');
    expect(await mode.holdsLease(leaseId)).toBe(false);
  });

  test('that cannot be read keeps bulk mode on, and the others are shown', async () => {
    const { redisUrl } = inject('stack');
    const redis = new Redis(redisUrl);
    const { leaseId } = await start();
    await redis.hset('bank:{bulk_mode}:leases:texts', leaseId, '{"holders":[]}');
    redis.disconnect();
    const readable = await start();
    expect(await get()).toMatchObject({ active: true, leases: [readable] });
    await end(readable.leaseId);
    expect(await get()).toMatchObject({ active: true, leases: [] });
    expect(await end(leaseId)).toEqual({ active: false });
  });

  test('switches the settings that this replica reports', async () => {
    const own = async () =>
      (await get()).replicas.find(({ instance, bulk }) => instance === INSTANCE && bulk);
    const { leaseId } = await start();
    const report = await until('its report', own);
    expect(report).toMatchObject({ service: 'command-svc', settings: { batch_items_max: 5_000n } });
    expect(report.settings).toEqual({
      batch_items_max: 5_000n,
      batch_timeout_ms: 100n,
      batch_processors: 8n,
      queue_items_max: 5_000n,
    });
    await end(leaseId);
    await until('normal mode', async () => (await own()) === undefined);
  });
});

describe('a request', () => {
  test.each<[string, string, Partial<StartBulkModeRequest>]>([
    ['holder', 'empty', { holder: '' }],
    ['holder', 'blank', { holder: ' \t ' }],
    ['holder', 'too long', { holder: 'x'.repeat(141) }],
    ['reason', 'too long', { reason: 'x'.repeat(141) }],
    ['ttl', 'too short', { ttl: seconds(4) }],
    ['ttl', 'too long', { ttl: { seconds: 600n, nanos: 1 } }],
    ['ttl', 'nothing at all', { ttl: seconds(0) }],
  ])('whose %s is %s is told which field it is', async (field, _, more) => {
    expect(await failureOf(start(more))).toBe(`3 ${field}`);
  });

  test('names the lease when its id is no UUID', async () => {
    expect(await failureOf(renew('mine'))).toBe('3 lease_id');
    expect(await failureOf(renew('', 1))).toBe('3 lease_id');
    expect(await failureOf(end(''))).toBe('3 lease_id');
  });

  test.each(BULK_MODE_REFUSALS)('$method: $reason', async ({ code, reason, call }) => {
    expect(await failureOf(call({ client, without }))).toBe(`${code} ${reason}`);
  });
});
