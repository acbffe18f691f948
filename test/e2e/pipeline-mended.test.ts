/**
 * The slot that Debezium reads is dropped while records are being stored: what it had not read yet
 * is lost on this way. The outbox fills it, the connector makes its slot again, and from then on
 * all flows by Kafka.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const SLOT = 'bank_outbox';

describe('a replication slot that is gone', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 2 });
  });
  afterAll(() => mesh.close());

  test('loses nothing, and is made again', async () => {
    const payroll = makePayroll(random, { accounts: 20, items: 2000 });
    await openAccounts(mesh.client, payroll);
    const feed = readFeed(mesh.client, payroll.submissionId);
    let dropped: Promise<void> | undefined;
    await sendDeposits(mesh.client, {
      ...payroll,
      messageItems: 100,
      beforeMessage: async (index) => {
        if (index === 1000) await (dropped ??= dropSlot());
      },
    });
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
    await until('the slot is read again', slotIsActive, { timeoutMs: 60_000 });
    await until('a payroll that comes by Kafka alone', sendsByKafkaAlone, { timeoutMs: 60_000 });
  });

  async function dropSlot(): Promise<void> {
    const { eventStore } = mesh.stores;
    await until('the slot is dropped', async () => {
      await eventStore.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
        [SLOT],
      );
      const drop = eventStore.query('select pg_drop_replication_slot($1)', [SLOT]);
      return drop.then(
        () => true,
        () => false, // its reader was back already
      );
    });
  }

  async function slotIsActive(): Promise<boolean> {
    const { rows } = await mesh.stores.eventStore.query<{ active: boolean }>(
      'select active from pg_replication_slots where slot_name = $1',
      [SLOT],
    );
    return rows[0]?.active === true;
  }

  async function sendsByKafkaAlone(): Promise<boolean> {
    const before = await filledRecords();
    const payroll: Payroll = makePayroll(random, { accounts: 5, items: 50 });
    await openAccounts(mesh.client, payroll);
    const feed = readFeed(mesh.client, payroll.submissionId);
    await sendDeposits(mesh.client, payroll);
    expect((await feed).at(-1)?.progress?.complete).toBe(true);
    return (await filledRecords()) === before;
  }

  async function filledRecords(): Promise<bigint> {
    const { rows } = await mesh.stores.projectionStore.query<{ sum: bigint }>(
      'select sum(filled_records)::bigint as sum from projected_heads',
    );
    return rows[0]?.sum ?? 0n;
  }
});
