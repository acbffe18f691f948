/**
 * Whatever happens to the slot, the connector, Kafka, PostgreSQL or the projection in the middle of
 * an upload: every accepted item is acknowledged once, what Kafka did not bring is filled from the
 * outbox, and afterwards all flows by Kafka again and the status is ok, with no human. Each fault's
 * line tells how long it took.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uploadDeposits } from '#client/bulk-upload.ts';
import { unaryCall } from '#client/unary-call.ts';
import { HealthState } from '#proto/bank/v1/projector_service.ts';
import { depositItem, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger, filledRecords } from '#test/support/ledger-check.ts';
import { openOwnMesh, type OwnMesh } from '#test/support/own-mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import {
  PIPELINE_FAULTS,
  RETAINED_WAL_MAX,
  type PipelineFault,
} from '#test/support/pipeline-faults.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const ITEMS = 2000;
const CHUNK_ITEMS = 50;
const STRIKE_AT = 500;
const CHUNK_EVERY_MS = 100;
/** Of a feed, from before the fault to its end. */
const FEED_MS = 110_000;
const START_MS = 300_000; // a second stack on a busy machine
const AGAIN = { timeoutMs: 90_000, everyMs: 200 } as const;
/** `npm run test:pipeline` makes all of them, CI the short ones. */
const FAULTS = PIPELINE_FAULTS.filter(
  ({ isShort }) => isShort === true || process.env.BANK_TEST_EVERY_FAULT === '1',
);
const OPS = fileURLToPath(new URL('../../deploy/ops/main.ts', import.meta.url));

describe('a pipeline that is broken mid-stream', () => {
  let mesh: OwnMesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    const postgresSettings = { max_slot_wal_keep_size: RETAINED_WAL_MAX };
    mesh = await openOwnMesh({
      replicas: { command: 1, query: 1, projector: 2 },
      postgresSettings,
    });
  }, START_MS);
  afterAll(() => mesh.stop());

  test('is ok before anything happens, and fills nothing', async () => {
    await until('a status that is ok', isOk, { ...AGAIN, detail: statusText });
    expect(await sendsByKafkaAlone()).toBe(true);
    expect(await filledRecords(mesh.stores)).toBe(0n);
    const { stdout, code } = await opsStatus();
    expect(code, stdout).toBe(0);
  });

  test.each(FAULTS)('$name', async (fault) => {
    const filledBefore = await filledRecords(mesh.stores);
    const payroll = makePayroll(random, { accounts: 20, items: ITEMS });
    await openAccounts(mesh.client, payroll);
    await waitForProjection(mesh.stores);
    const times = { begun: 0, ended: 0 };
    const signal = AbortSignal.timeout(FEED_MS);
    const feed = readFeed(mesh.client, payroll.submissionId, { signal });
    await uploadThrough(fault, payroll, times);
    const stored = performance.now();
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    const complete = performance.now();
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
    const filled = (await filledRecords(mesh.stores)) - filledBefore;
    if (fault.losesRecords) expect(filled).not.toBe(0n);
    await until('a payroll that comes by Kafka alone', sendsByKafkaAlone, AGAIN);
    await until('a status that is ok', isOk, { ...AGAIN, detail: statusText });
    const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(1)} s`;
    console.info(
      `${fault.name}: lasted ${seconds(times.begun, times.ended)}; all acknowledged ` +
        `${seconds(stored, complete)} after the last was stored, ${filled} records filled; ` +
        `by Kafka alone and ok ${seconds(times.ended, performance.now())} after the fault`,
    );
  });

  /** The fault begins when a part of the items is sent, and is over before the last ones are. */
  async function uploadThrough(
    fault: PipelineFault,
    payroll: Payroll,
    times: { begun: number; ended: number },
  ): Promise<void> {
    const { submissionId, items } = payroll;
    let striking: Promise<void> | undefined;
    const strike = async (): Promise<void> => {
      times.begun = performance.now();
      await fault.begin(mesh);
      await fault.end?.(mesh);
      times.ended = performance.now();
    };
    async function* source(from: number) {
      for (let index = from; index < items.length; index += CHUNK_ITEMS) {
        if (index >= STRIKE_AT) striking ??= strike();
        const isLast = index + CHUNK_ITEMS >= items.length;
        await (isLast ? striking : sleep(CHUNK_EVERY_MS));
        yield items.slice(index, index + CHUNK_ITEMS).map(depositItem);
      }
    }
    const request = { submissionId, messageItems: CHUNK_ITEMS };
    await uploadDeposits(mesh.client.bulk, source, request);
  }

  /** False while any of its records had to be filled. */
  async function sendsByKafkaAlone(): Promise<boolean> {
    const before = await filledRecords(mesh.stores);
    const payroll = makePayroll(random, { accounts: 5, items: 50 });
    await openAccounts(mesh.client, payroll);
    const feed = readFeed(mesh.client, payroll.submissionId);
    await sendDeposits(mesh.client, payroll);
    expect((await feed).at(-1)?.progress?.complete).toBe(true);
    return (await filledRecords(mesh.stores)) === before;
  }

  async function pipeline() {
    const { projector } = mesh.client;
    const answer = await unaryCall(projector.getProjectionStatus.bind(projector), {});
    return answer.pipeline;
  }

  async function isOk(): Promise<boolean> {
    return (await pipeline())?.state === HealthState.HEALTH_STATE_OK;
  }

  async function statusText(): Promise<string> {
    return (await opsStatus()).stdout;
  }

  function opsStatus(): Promise<{ stdout: string; code: number }> {
    const { command, query, projector } = mesh.addresses;
    const args = ['status', '--command', ...command, '--query', ...query];
    return new Promise((resolve) => {
      const told = [OPS, ...args, '--projector', ...projector];
      execFile(process.execPath, told, (error, stdout) => {
        resolve({ stdout, code: typeof error?.code === 'number' ? error.code : 0 });
      });
    });
  }
});
