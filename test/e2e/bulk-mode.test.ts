/**
 * Bulk mode in the mesh, told by every replica's own report: on for the life of a bulk stream or of
 * a caller's lease, and off again whatever ends it, a killed holder and a restarted Redis included.
 * The Redis is the file's own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import {
  endBulkMode,
  getBulkMode,
  startBulkMode,
  untilSettings,
} from '#test/support/bulk-mode-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { startOtlpReceiver, type OtlpReceiver } from '#test/support/otlp-receiver.ts';
import { startOwnRedis, type OwnRedis } from '#test/support/own-redis.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { storedItems } from '#test/support/stored-counts.ts';
import { until } from '#test/support/until.ts';

const STREAM_LEASE_MS = 3_000;
/** An announcement takes milliseconds; the contract says a second. */
const WITHIN_MS = 1_000;
/** A replica that is killed is shown for 4 s more. */
const REPORT_LIFE_MS = 4_000;
const QUERY = ['query-1 normal cache_ttl_ms=1000', 'query-1 bulk cache_ttl_ms=0'] as const;
const PROJECTOR = [
  'projector-1 normal batch_events_max=500 batch_timeout_ms=100',
  'projector-1 bulk batch_events_max=2000 batch_timeout_ms=25',
] as const;
const command = (instance: string) =>
  [
    `${instance} normal batch_items_max=1000 batch_processors=8 ` +
      'batch_timeout_ms=100 queue_items_max=5000',
    `${instance} bulk batch_items_max=5000 batch_processors=16 ` +
      'batch_timeout_ms=50 queue_items_max=10000',
  ] as const;
const ALL = [command('command-1'), command('command-2'), PROJECTOR, QUERY];
const NORMAL = ALL.map(([normal]) => normal);
const BULK = ALL.map(([, bulk]) => bulk);

describe('bulk mode', () => {
  let redis: OwnRedis;
  let receiver: OtlpReceiver;
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    redis = await startOwnRedis();
    receiver = await startOtlpReceiver();
    mesh = await openMesh(
      { command: 2, query: 1, projector: 1 },
      {
        BANK_REDIS_URL: redis.url,
        BANK_COMMAND_STREAM_LEASE_MS: String(STREAM_LEASE_MS),
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_TRACES_SAMPLER: 'always_on',
      },
    );
  });
  afterAll(async () => {
    await mesh.close();
    receiver.close();
    await redis.part.stop();
  });

  /** A stream through command-2 that stands, with half of its items sent, until it is let go. */
  async function standingStream(payroll: Payroll) {
    await openAccounts(mesh.client, payroll);
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
    const standing = Promise.withResolvers<void>();
    const half = payroll.items.length / 2;
    const client = mesh.clientOf('command-2');
    // A stream is not tried again while the channel still pauses after a kill.
    await until('command-2 answers', () => getBulkMode(client).then(Boolean, () => false));
    const answer = sendDeposits(client, {
      ...payroll,
      messageItems: half,
      beforeMessage: (first) => (first === half ? standing.promise : undefined),
    });
    const { submissionId } = payroll;
    await until(
      'half is stored',
      async () => (await storedItems(mesh.stores, submissionId)) >= half,
    );
    return { answer, letGo: standing.resolve };
  }
  const payroll = () => makePayroll(random, { accounts: 5, items: 40 });

  test('stands for the life of a stream, in all replicas, and on their next traces', async () => {
    await untilSettings(mesh.client, NORMAL, 10_000);
    const given = payroll();
    const { answer, letGo } = await standingStream(given);
    await untilSettings(mesh.client, BULK, WITHIN_MS);
    const { active, leases } = await getBulkMode(mesh.client);
    expect(active).toBe(true);
    expect(leases).toMatchObject([{ holder: 'command-2', reason: 'bulk streams' }]);
    await sleep(STREAM_LEASE_MS + WITHIN_MS); // it is renewed
    await untilSettings(mesh.client, BULK, 0);
    letGo();
    await answer;
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
    expect((await getBulkMode(mesh.client)).leases).toEqual([]);
    for (const name of ['batch', 'project']) {
      await receiver.waitFor(`bulk mode on a span ${name}`, (spans) =>
        spans.find((span) => span.name === name && span.events[0]?.name === 'bulk_mode'),
      );
    }
    await checkLedger({ stores: mesh.stores, seed, payrolls: [given] });
  });

  test('ends with a stream that its caller cancels', async () => {
    const given = payroll();
    await openAccounts(mesh.client, given);
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
    const answer = sendDeposits(mesh.client, {
      ...given,
      messageItems: 20,
      beforeMessage: async (first) => {
        if (first !== 20) return;
        await untilSettings(mesh.client, BULK, WITHIN_MS);
        throw new Error('the caller gives up');
      },
    });
    await expect(answer).rejects.toThrow('gives up');
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
  });

  test('comes back within its time when its holder is killed', async () => {
    const { answer, letGo } = await standingStream(payroll());
    await untilSettings(mesh.client, BULK, WITHIN_MS);
    await mesh.kill('command-2');
    const killedMs = performance.now();
    letGo();
    await expect(answer).rejects.toThrow('UNAVAILABLE');
    const others = mesh.clientOf('command-1');
    const rest = NORMAL.filter((text) => !text.startsWith('command-2'));
    await until(
      'all others back',
      async () => {
        const { active, replicas } = await getBulkMode(others);
        return !active && replicas.every((one) => !one.bulk || one.instance === 'command-2');
      },
      { timeoutMs: STREAM_LEASE_MS + WITHIN_MS },
    );
    expect(performance.now() - killedMs).toBeLessThan(STREAM_LEASE_MS + WITHIN_MS);
    await untilSettings(others, rest, REPORT_LIFE_MS);
    await mesh.restart('command-2');
    await untilSettings(mesh.client, NORMAL, REPORT_LIFE_MS);
  });

  test('outlives a restart of Redis with its stream, and a lost lease does not', async () => {
    const given = payroll();
    const { answer, letGo } = await standingStream(given);
    await untilSettings(mesh.client, BULK, WITHIN_MS);
    const manual = await startBulkMode(mesh.client, 'lost with Redis', 600);
    await redis.part.restart('SIGKILL');
    await untilSettings(mesh.client, BULK, 10_000); // the stream's lease is taken again
    const { leases } = await getBulkMode(mesh.client);
    expect(leases.map(({ leaseId }) => leaseId)).not.toContain(manual.leaseId);
    letGo();
    expect((await answer).accepted).toBe(40n);
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [given] });
  });

  test('is on in services that start in the middle', async () => {
    const { leaseId } = await startBulkMode(mesh.client, 'long work', 600);
    await untilSettings(mesh.client, BULK, WITHIN_MS);
    await Promise.all(['query-1', 'projector-1', 'command-2'].map((name) => mesh.restart(name)));
    await untilSettings(mesh.client, BULK, REPORT_LIFE_MS);
    await endBulkMode(mesh.client, leaseId);
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
  });

  test('is off everywhere after 50 leases, taken and dropped at random', async () => {
    let active = 0;
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        await sleep(random.below(2_000));
        const { leaseId } = await startBulkMode(mesh.client, `holder-${n}`, 5);
        if ((await getBulkMode(mesh.client)).active) active += 1;
        await sleep(random.below(1_000));
        if (random.below(4) > 0) await endBulkMode(mesh.client, leaseId);
      }),
    );
    expect(active).toBeGreaterThan(40);
    await until('the last lease has ended', async () => {
      return (await getBulkMode(mesh.client)).leases.length === 0;
    });
    await untilSettings(mesh.client, NORMAL, WITHIN_MS);
  });

  test('is not needed: streams are stored while Redis is away, and services start', async () => {
    await redis.part.stop('SIGKILL');
    const given = payroll();
    const startedMs = performance.now();
    await openAccounts(mesh.client, given);
    await sendDeposits(mesh.client, given);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    await mesh.restart('command-2');
    await mesh.restart('query-1');
    await redis.part.start();
    await untilSettings(mesh.client, NORMAL, 10_000);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [given] });
  });
});
