/**
 * Transfers on two replicas that are in each other's way: between a decision and its append, both
 * ways at once, with accounts that are locked by nobody, and with a COMMIT that is not answered.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOf } from '../../../command-svc/barrier.ts';
import { processBarrier } from '../../../command-svc/process-barrier.ts';
import { processBatch } from '../../../command-svc/process-batch.ts';
import {
  accountsOfOnePartition,
  beforeAppend,
  depositCommand,
  laneOf,
  NO_LOCKS,
  openCommand,
  openReplica,
  settled,
  type Replica,
  type Settled,
} from '#test/support/batch-bench.ts';
import { commandOf } from '#test/support/commands.ts';
import { startCuttingProxy, type CutMoment } from '#test/support/cutting-proxy.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { accountsOfLanes } from '#test/support/held-lanes.ts';

let databases: Databases;
let url: string;
let a: Replica;
let b: Replica;

beforeAll(async () => {
  databases = await openDatabases();
  url = databases.eventStoreUrl('bank_command');
  a = openReplica(url, 'a', NO_LOCKS);
  b = openReplica(url, 'b', NO_LOCKS);
});

afterAll(async () => {
  await a.close();
  await b.close();
  await databases.close();
});

async function one(replica: Replica, item: Settled): Promise<void> {
  const lane = laneOf(replica, item.item.command?.accountId ?? '');
  await processBatch(replica.context, lane, [item.item], performance.now());
}

/** As the batcher would: in both lanes, or in the one of both accounts. */
async function run(replica: Replica, items: readonly Settled[]): Promise<void> {
  const barrier = runOf(
    items.map(({ item }) => item),
    'unary',
  );
  const lanes = barrier.partitions.flatMap((partition) => replica.lanes[partition] ?? []);
  await processBarrier(replica.context, lanes, barrier, performance.now());
}

async function richAccounts(ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) {
    await one(a, settled(openCommand(id)));
    await one(a, settled(depositCommand(id, 1_000n)));
  }
  return ids;
}

const moving = (from: string, to: string, amountMinor: bigint): Settled =>
  settled(
    commandOf('Transfer', {
      accountId: from,
      destinationAccountId: to,
      amountMinor,
      operationId: randomUUID(),
    }),
  );

const outcomeOf = ({ outcomes }: Settled) => {
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  return outcome?.kind === 'rejected' ? outcome.rejection.reason : outcome?.kind;
};

/** Versions are dense by the primary key; the sum of the newest balances is what was paid in. */
async function eventsOf(accountIds: readonly string[]): Promise<bigint[]> {
  const { rows } = await databases.eventStore.query<{ count: bigint }>(
    `select count(*) from unnest($1::uuid[]) with ordinality x(id, at)
       join events on account_id = id group by at order by at`,
    [accountIds],
  );
  return rows.map(({ count }) => count);
}

describe('another replica writes between the decision and the append', () => {
  it.each(['source', 'destination'] as const)('to the %s', async (which) => {
    const [from = '', to = ''] = await richAccounts(accountsOfLanes(2));
    await run(b, [moving(from, to, 1n)]); // its lanes know both accounts
    const other = settled(depositCommand(which === 'source' ? from : to, 5n));
    const hooked = beforeAppend(b, () => one(a, other));
    const item = moving(from, to, 1_000n);
    await run(hooked, [item]);
    expect(outcomeOf(other)).toBe('accepted');
    expect(outcomeOf(item)).toBe(which === 'source' ? 'accepted' : 'INSUFFICIENT_FUNDS');
    expect(await eventsOf([from, to])).toEqual(which === 'source' ? [5n, 4n] : [3n, 4n]);
  });

  it('to both accounts of one partition', async () => {
    const [from = '', to = ''] = await richAccounts(accountsOfOnePartition(2));
    await one(b, moving(from, to, 1n));
    const other = moving(to, from, 1_001n);
    const hooked = beforeAppend(b, () => one(a, other));
    const item = moving(from, to, 2_000n);
    await one(hooked, item);
    expect([outcomeOf(other), outcomeOf(item)]).toEqual(['accepted', 'accepted']);
    expect(await eventsOf([from, to])).toEqual([5n, 5n]);
  });
});

describe('transfers that cross', () => {
  it('on two replicas without locks all stand, none waits for ever', async () => {
    const accounts = await richAccounts(accountsOfLanes(4));
    const at = (place: number): string => accounts[place % accounts.length] ?? '';
    const items = Array.from({ length: 120 }, (_, n) => ({
      by: n % 2 === 0 ? a : b,
      item: moving(at(n), at(n + 1 + (n % 3)), 1n),
    }));
    const inTurn = async (replica: Replica): Promise<void> => {
      for (const { by, item } of items) if (by === replica) await run(replica, [item]);
    };
    await Promise.all([inTurn(a), inTurn(b)]);
    expect(new Set(items.map(({ item }) => outcomeOf(item)))).toEqual(new Set(['accepted']));
    const counts = await eventsOf(accounts);
    expect(counts.reduce((sum, count) => sum + count, 0n)).toBe(8n + 240n);
  });
});

const MOMENTS: readonly CutMoment[] = [
  'before the server has seen it',
  'after the server has committed',
];

describe('a COMMIT that is cut', () => {
  it.each(MOMENTS)(
    '%s leaves both legs, once, and the answer is what is stored',
    async (moment) => {
      const [from = '', to = ''] = await richAccounts(accountsOfLanes(2));
      const { hostname, port } = new URL(url);
      const proxy = await startCuttingProxy({ host: hostname, port: Number(port) });
      const cutUrl = new URL(url);
      cutUrl.hostname = proxy.host;
      cutUrl.port = String(proxy.port);
      const replica = openReplica(cutUrl.href, 'cut', NO_LOCKS);
      const cut = proxy.arm({ text: 'commit', moment });
      const items = [moving(from, to, 30n), moving(from, to, 5_000n)];
      await run(replica, items);
      await cut.done;
      expect(items.map(outcomeOf)).toEqual(['accepted', 'INSUFFICIENT_FUNDS']);
      expect(items[0]?.outcomes[0]).toMatchObject({ after: { version: 3n, balanceMinor: 970n } });
      expect(await eventsOf([from, to])).toEqual([3n, 3n]);
      await replica.close();
      await proxy.close();
    },
  );
});
