/**
 * Poison in the topic while a stream runs, and rows of the event store that nobody can read: seen
 * in ListDeadLetters, all others flowing, and brought back after the repair, also when the
 * projector that does it is killed.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import { createKafka } from '#platform/kafka.ts';
import { DepositRequest } from '#proto/bank/v1/account_command_service.ts';
import { openAccounts, faultOf, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { readHeads } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';
import {
  indexesOf,
  readAcknowledgements,
} from '../integration/projector/acknowledgement-client.ts';
import { listLetters, retryLetters } from '../integration/projector/dead-letter-fixture.ts';
import { corruptDeposits, repairDeposits } from '#test/support/corrupt-deposits.ts';

const TOPIC = 'bank.account-events';
const ALL = { $case: 'all', value: true } as const;

describe('what cannot be applied', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, query: 1, projector: 2 });
  });
  afterAll(async () => {
    await mesh.stores.projectionStore.query(`delete from dead_letters where source = 'kafka'`);
    await mesh.close();
  });
  /** Of one projector, and of the other. */
  const addressOf = (projector: 1 | 2): string => mesh.addresses.projector[projector - 1] ?? '';

  test('poison in the topic holds up nobody, for the event store has the records', async () => {
    const payroll = makePayroll(random, { accounts: 20, items: 2000 });
    await openAccounts(mesh.client, payroll);
    const feed = readFeed(mesh.client, payroll.submissionId);
    let poisoned: Promise<void> | undefined;
    await sendDeposits(mesh.client, {
      ...payroll,
      messageItems: 100,
      beforeMessage: (index) => {
        if (index === 1000) poisoned ??= poison();
        return poisoned;
      },
    });
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
    const strays = (): ReturnType<typeof listLetters> =>
      listLetters(addressOf(1), { cause: 'NO_POSITION' });
    await until('the letter', async () => (await strays()).deadLetters.length > 0);
    const { deadLetters } = await listLetters(addressOf(2));
    expect(deadLetters.filter(({ parkedAccounts }) => parkedAccounts > 0n)).toEqual([]);
    expect(deadLetters.map(({ payload }) => payload.toString())).toContain('poison');
  });

  /** A record of no position, and at the next position of each partition one that is none. */
  async function poison(): Promise<void> {
    const heads = await readHeads(mesh.stores);
    const producer = createKafka(mesh.stack.kafkaBrokers, 'poison').producer();
    await producer.connect();
    const placed = heads.map(({ partition, seq }) => ({
      partition,
      value: 'poison',
      headers: { eventType: 'EventBatch', seq: String(seq + 1n), batchId: randomUUID() },
    }));
    await producer.send({
      topic: TOPIC,
      acks: -1,
      messages: [{ partition: 0, value: 'poison' }, ...placed],
    });
    await producer.disconnect();
  }

  test('parks its account alone, and a retry that is killed does nothing by halves', async () => {
    const payroll = makePayroll(random, { accounts: 10, items: 500 });
    const [victim] = payroll.accounts;
    const accountId = victim?.accountId ?? '';
    await openAccounts(mesh.client, payroll);
    await waitForProjection(mesh.stores);
    const drop = await corruptDeposits(mesh.stores, accountId);
    const feed = readAcknowledgements(addressOf(2), { submissionId: payroll.submissionId });
    await sendDeposits(mesh.client, { ...payroll, messageItems: 50 });
    await drop();
    await waitForProjection(mesh.stores);
    const own = payroll.items.filter((item) => item.accountId === accountId).length;
    const { deadLetters } = await listLetters(addressOf(1), { cause: 'UNKNOWN_EVENT_TYPE' });
    expect(deadLetters.map(({ parkedAccountIds }) => parkedAccountIds)).toEqual([[accountId]]);
    await until('all others are told, and how many there are', () => {
      const progress = feed.messages.at(-1)?.progress;
      const { projectedTotal, acceptedTotal } = progress ?? {};
      return projectedTotal === BigInt(500 - own) && acceptedTotal !== undefined;
    });
    expect(feed.messages.at(-1)?.progress).toMatchObject({
      acceptedTotal: 500n,
      blockedTotal: BigInt(own),
      complete: false,
    });
    await expectStale(accountId);

    await repairDeposits(mesh.stores, accountId);
    const point = mesh.points.arm('retry.before-commit');
    const killed = Promise.allSettled([retryLetters(addressOf(1), ALL)]);
    const { instance } = await point.reached();
    await mesh.kill(instance);
    expect((await killed)[0].status).toBe('rejected');
    await expectStale(accountId);
    await mesh.restart(instance);
    const one = { $case: 'cause', value: 'UNKNOWN_EVENT_TYPE' } as const;
    const retried = await retryLetters(addressOf(1), one);
    expect(retried).toMatchObject({ applied: 1n, failed: 0n });
    expect((await feed.ended).code).toBe(0);
    expect(indexesOf(feed.messages)).toEqual(Array.from({ length: 500 }, (_, n) => n));
    expect(feed.messages.at(-1)?.progress).toMatchObject({ blockedTotal: 0n, complete: true });
    feed.close();
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll] });
  });

  /** It is answered as of what was projected of it, and says so. */
  async function expectStale(accountId: string): Promise<void> {
    const read = mesh.client.queries.getAccount.bind(mesh.client.queries);
    const { account } = await unaryCall(read, { accountId, minVersion: 0n });
    expect(account).toMatchObject({ asOfVersion: 1n });
    const waiting = unaryCall(read, { accountId, minVersion: 2n }, { deadlineMs: 500 });
    expect((await faultOf(waiting)).code).toBe(status.DEADLINE_EXCEEDED);
  }

  test('goes on behind what a killed retry has committed', async () => {
    const payroll = makePayroll(random, { accounts: 1, items: 1 });
    const [victim] = payroll.accounts;
    const { accountId = '', currencyCode = '' } = victim ?? {};
    await openAccounts(mesh.client, payroll);
    await waitForProjection(mesh.stores);
    const drop = await corruptDeposits(mesh.stores, accountId);
    const { accounts } = mesh.client;
    for (let n = 0; n < 80; n++) {
      const amount = { currencyCode, minorUnits: 1n };
      await unaryCall(
        accounts.deposit.bind(accounts),
        DepositRequest.fromPartial({ accountId, amount }),
      );
    }
    await drop();
    await waitForProjection(mesh.stores);
    await repairDeposits(mesh.stores, accountId);
    const point = mesh.points.arm('retry.after-commit');
    const one = { $case: 'cause', value: 'UNKNOWN_EVENT_TYPE' } as const;
    const killed = Promise.allSettled([retryLetters(addressOf(1), one)]);
    const { instance } = await point.reached();
    await mesh.kill(instance);
    expect((await killed)[0].status).toBe('rejected');
    const part = await versionOf(accountId);
    expect(part).toBeGreaterThan(1);
    expect(part).toBeLessThan(81);
    await mesh.restart(instance);
    expect(await retryLetters(addressOf(2), one)).toMatchObject({ applied: 1n, failed: 0n });
    expect(await versionOf(accountId)).toBe(81);
  });

  async function versionOf(accountId: string): Promise<number> {
    const { rows } = await mesh.stores.projectionStore.query<{ version: bigint; entries: bigint }>(
      `select version, balance_minor,
              (select count(*) from entries e where e.account_id = b.account_id) as entries
         from balances b where account_id = $1`,
      [accountId],
    );
    const [row] = rows;
    expect(row?.entries).toBe(row?.version);
    return Number(row?.version ?? 0n);
  }
});
