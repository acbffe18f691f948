/**
 * The event store is lost, server and disk, and comes back from its base backup and its archived
 * WAL: all that was archived is there, what came after is not. Every partition of the projection
 * that is ahead stops and says so; a rebuild leads out of it; what was lost is sent again, and
 * everything agrees. Then, by hand only, the projection is lost and made again from the log alone.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { followReconciliation } from '#client/reconciliation.ts';
import { unaryCall } from '#client/unary-call.ts';
import { setUpDatabases } from '#deploy/database/set-up-databases.ts';
import { PROJECTION_STORE } from '#deploy/local/stack.ts';
import { createPool } from '#platform/postgres.ts';
import { RebuildState, type Rebuild } from '#proto/bank/v1/projector_service.ts';
import { faultOf, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { readProjectedHeads, waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger, filledRecords } from '#test/support/ledger-check.ts';
import {
  archiveWal,
  archivingSettings,
  backUp,
  loseEventStore,
  ops,
  restoreEventStore,
} from '#test/support/lost-event-store.ts';
import { openOwnMesh, type OwnMesh } from '#test/support/own-mesh.ts';
import { makePayroll, partOf, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { readHeads } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

/**
 * Of each third of the payroll. `npm run test:restore` takes more, restores to a moment before the
 * end of the WAL, and tells how long all of it took.
 */
const MORE_ITEMS = process.env.BANK_TEST_RESTORE_ITEMS;
const ITEMS = Number(MORE_ITEMS ?? 3_000);
const ACCOUNTS = Math.max(200, ITEMS / 10);
const START_MS = 300_000; // a second stack on a busy machine
const FORCE = { recursive: true, force: true } as const;
const TEST_MS = 240_000; // on a very busy machine
const MORE_MS = 15 * 60_000;
const LONG = { timeoutMs: 600_000, everyMs: 50 } as const;

describe('the event store', () => {
  let mesh: OwnMesh;
  const folders = {
    backup: `${inject('stack').folder}-backup`,
    wal: `${inject('stack').folder}-wal`,
  };
  const seed = freshSeed();
  const random = seededRandom(seed);
  const whole = makePayroll(random, { accounts: ACCOUNTS, items: 3 * ITEMS });
  const parts = [0, 1, 2].map((n) => partOf(whole, n * ITEMS, (n + 1) * ITEMS));
  const [backedUp, archived, lost] = parts;
  const late = makePayroll(random, { accounts: 5, items: 50 });
  const times: string[] = [];
  vi.setConfig({ testTimeout: MORE_ITEMS === undefined ? TEST_MS : MORE_MS });

  beforeAll(async () => {
    await Promise.all(Object.values(folders).map((path) => rm(path, FORCE)));
    mesh = await openOwnMesh({
      replicas: { command: 1, query: 1, projector: 1 },
      eventStoreServer: await archivingSettings(folders),
    });
  }, START_MS);
  afterAll(async () => {
    if (MORE_ITEMS !== undefined) console.info(times.join('\n'));
    await mesh.stop();
    await Promise.all(Object.values(folders).map((path) => rm(path, FORCE)));
  });

  test('comes back as far as its WAL goes, and the projection stops ahead of it', async () => {
    await openAccounts(mesh.client, whole);
    await send(backedUp);
    const bytes = await timed('backup', () => backUp(mesh, folders));
    times.push(`backup: ${bytes} bytes`);
    await send(archived);
    const moment = MORE_ITEMS === undefined ? undefined : new Date();
    if (moment !== undefined) await sendLate();
    await archiveWal(mesh, folders);
    await send(lost);
    await projected();
    const before = await readProjectedHeads(mesh.stores);
    await timed('loss', () => loseEventStore(mesh));
    await stopServices();
    await timed('restore', () => restoreEventStore(mesh, folders, moment));
    expect(await storedItems(archived)).toBe(BigInt(ITEMS));
    expect(await storedItems(lost)).toBe(0n);
    expect(await storedItems(late)).toBe(0n);
    await timed('renewal', () => ops(mesh, 'renew'));
    await startServices();
    const heads = await readHeads(mesh.stores);
    const ahead = before.filter(({ partition, seq }) =>
      heads.some((head) => head.partition === partition && head.seq < seq),
    );
    expect(ahead.length).toBeGreaterThan(0);
    await timed('alarms', () =>
      until('an alarm of every partition that is ahead', async () => {
        const alarmed = new Map(await alarms().catch(() => [])); // until clients are connected
        return ahead.every(({ partition, seq }) =>
          alarmed.get(partition)?.includes(`the projection is at ${seq}, the event store at`),
        );
      }),
    );
    expect(await readProjectedHeads(mesh.stores)).toEqual(before);
  });

  test('is followed again after a rebuild, and what was lost is sent again', async () => {
    const rebuild = await timed('rebuild', rebuilt);
    expect(rebuild.differences).not.toBe(0n);
    await timed('alarms over', () => until('no alarm', async () => (await alarms()).length === 0));
    await send(lost);
    await projected();
    await agrees();
    await until('a payroll that comes by Kafka alone', sendsByKafkaAlone, LONG);
  });

  test.runIf(MORE_ITEMS !== undefined)('makes a projection that is lost again', async () => {
    const [projector] = mesh.services.projector;
    await projector?.stop('SIGKILL');
    await dropProjectionStore();
    const { postgres: _superuser, ...passwords } = mesh.stack.folder.passwords;
    const { eventStoreUrl, projectionStoreUrl } = mesh.stack;
    const rest = { partitions: 16, passwords, onStep: () => undefined };
    await timed('a lost projection, filled from the log', async () => {
      await setUpDatabases({ eventStoreUrl, projectionStoreUrl, ...rest });
      await projector?.start();
      await projected();
    });
    await agrees();
  });

  async function send(payroll: Payroll | undefined): Promise<void> {
    if (payroll === undefined) throw new Error('no payroll');
    await sendDeposits(mesh.client, { ...payroll, messageItems: 1_000 });
  }

  /** Its WAL is archived, and is of after the moment. */
  async function sendLate(): Promise<void> {
    await openAccounts(mesh.client, late);
    await send(late);
  }

  /** However long it takes. */
  async function projected(): Promise<void> {
    const isThere = () =>
      waitForProjection(mesh.stores).then(
        () => true,
        () => false,
      );
    await until('the projection at the head', isThere, LONG);
  }

  async function agrees(): Promise<void> {
    const acknowledgements = new Map(
      await Promise.all(
        parts.map(async ({ submissionId }) => {
          return [submissionId, await readFeed(mesh.client, submissionId)] as const;
        }),
      ),
    );
    await checkLedger({ stores: mesh.stores, seed, payrolls: parts, acknowledgements });
    const findings = await timed('reconciliation', async () => {
      for await (const { part } of followReconciliation(mesh.client.projector)) {
        if (part?.$case === 'totals') return part.value.findings;
      }
      return undefined;
    });
    expect(findings).toBe(0n);
  }

  async function rebuilt(): Promise<Rebuild> {
    const { projector } = mesh.client;
    await unaryCall(projector.startRebuild.bind(projector), {});
    const { rebuildId } = await until(
      'the rebuild has caught up',
      async () => {
        const { rebuild } = await unaryCall(projector.getRebuild.bind(projector), {});
        if (rebuild?.state === RebuildState.REBUILD_STATE_FAILED) throw new Error(rebuild.message);
        return rebuild?.state === RebuildState.REBUILD_STATE_CAUGHT_UP && rebuild;
      },
      LONG,
    );
    const swap = projector.swapRebuild.bind(projector);
    expect(await faultOf(unaryCall(swap, { rebuildId, acceptDifferences: false }))).toMatchObject({
      reason: 'REBUILD_DIFFERS',
    });
    const { rebuild } = await unaryCall(swap, { rebuildId, acceptDifferences: true });
    if (rebuild === undefined) throw new Error('an answer without a rebuild');
    return rebuild;
  }

  async function alarms(): Promise<(readonly [number, string])[]> {
    const { projector } = mesh.client;
    const { partitions } = await unaryCall(projector.getProjectionStatus.bind(projector), {});
    return partitions
      .filter(({ alarm }) => alarm !== '')
      .map(({ partition, alarm }) => [partition, alarm] as const);
  }

  /** False while any of its records had to be filled. */
  async function sendsByKafkaAlone(): Promise<boolean> {
    const before = await filledRecords(mesh.stores);
    const payroll = makePayroll(random, { accounts: 5, items: 50 });
    await openAccounts(mesh.client, payroll);
    await send(payroll);
    await readFeed(mesh.client, payroll.submissionId);
    return (await filledRecords(mesh.stores)) === before;
  }

  async function storedItems(payroll: Payroll | undefined): Promise<bigint | undefined> {
    const { rows } = await mesh.stores.eventStore.query<{ items: bigint }>(
      `select coalesce(sum(accepted), 0)::bigint as items from submission_batches
        where submission_id = $1`,
      [payroll?.submissionId],
    );
    return rows[0]?.items;
  }

  const services = () => [...mesh.services.command, ...mesh.services.projector];
  const stopServices = () => Promise.all(services().map((part) => part.stop('SIGKILL')));
  const startServices = () => Promise.all(services().map((part) => part.start()));

  async function dropProjectionStore(): Promise<void> {
    const url = mesh.stack.postgresUrl('postgres', 'postgres');
    const server = createPool({ url, applicationName: 'bank-test', maxConnections: 1 });
    await server.query(`drop database ${PROJECTION_STORE} with (force)`);
    await server.end();
  }

  async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const result = await work();
    times.push(`${what}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    return result;
  }
});
