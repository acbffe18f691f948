/**
 * Small appends of several lanes in one transaction, and operations that are not looked up before
 * they are stored: what one command suffers, no other does.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { ItemOutcome } from '../../../command-svc/batch-item.ts';
import {
  accountsOfOnePartition,
  depositCommand,
  laneOf,
  openCommand,
  openReplica,
  settled,
  type Replica,
  type Settled,
} from '#test/support/batch-bench.ts';
import { startCuttingProxy, type CutMoment } from '#test/support/cutting-proxy.ts';
import type { Databases } from '#test/support/databases.ts';
import { accountsOfLanes, holdHeads } from '#test/support/held-lanes.ts';
import {
  openTwoReplicas,
  processed,
  versionsOf as versionsIn,
  type TwoReplicas,
} from '#test/support/two-replicas.ts';
import { until } from '#test/support/until.ts';

let replicas: TwoReplicas;
let databases: Databases;
let a: Replica;
let b: Replica;

beforeAll(async () => {
  replicas = await openTwoReplicas();
  ({ databases, a, b } = replicas);
});
afterAll(() => replicas.close());

const run = (replica: Replica, ...items: Settled[]): Promise<ItemOutcome[]> =>
  processed(replica, items);

async function transactionsOf(ids: readonly string[], version: number): Promise<number> {
  const { rows } = await databases.eventStore.query<{ count: number }>(
    `select count(distinct xmin::text)::int as count from events
      where account_id = any($1) and version = $2`,
    [ids, version],
  );
  return rows[0]?.count ?? 0;
}

const versionsOf = async (id: string): Promise<number> => (await versionsIn(databases, id)).length;

test('batches of several lanes that are ready together share a transaction', async () => {
  const ids = accountsOfLanes(8);
  await run(a, ...ids.map((id) => settled(openCommand(id))));
  const outcomes = await run(a, ...ids.map((id) => settled(depositCommand(id, 5n))));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ after: { balanceMinor: 5n } });
  expect(await transactionsOf(ids, 2)).toBe(1);
});

test('a lane that is refused goes on alone, and the others stand', async () => {
  const ids = accountsOfLanes(3);
  await run(a, ...ids.map((id) => settled(openCommand(id))));
  const operationId = randomUUID();
  const repeated = (): Settled => settled(depositCommand(ids[1] ?? '', 7n, { operationId }));
  await run(b, repeated());
  const { collisions } = a.context.counts;
  const [first, second, third] = await run(
    a,
    settled(depositCommand(ids[0] ?? '', 1n)),
    repeated(),
    settled(depositCommand(ids[2] ?? '', 3n)),
  );
  expect(first).toMatchObject({ kind: 'accepted', after: { version: 2n } });
  expect(second).toMatchObject({ kind: 'replayed', after: { version: 2n, balanceMinor: 7n } });
  expect(third).toMatchObject({ kind: 'accepted', after: { version: 2n } });
  expect(a.context.counts.collisions).toBe(collisions + 1);
  expect(await Promise.all(ids.map(versionsOf))).toEqual([2, 2, 2]);
});

test.each<CutMoment>(['before the server has seen it', 'after the server has committed'])(
  'a transaction whose answer is lost, %s, stands once for each lane',
  async (moment) => {
    const proxy = await startCuttingProxy(inject('stack').postgres);
    const url = new URL(databases.eventStoreUrl('bank_command'));
    url.port = String(proxy.port);
    const cutOff = openReplica(url.href, 'replica-cut');
    const ids = accountsOfLanes(3);
    await run(cutOff, ...ids.map((id) => settled(openCommand(id))));
    const cut = proxy.arm({ text: 'append-batch', moment });
    const outcomes = await run(cutOff, ...ids.map((id) => settled(depositCommand(id, 5n))));
    await cut.done;
    for (const outcome of outcomes) expect(outcome).toMatchObject({ after: { balanceMinor: 5n } });
    expect(cutOff.context.counts.answersLost).toBe(3);
    expect(await Promise.all(ids.map(versionsOf))).toEqual([2, 2, 2]);
    await cutOff.close();
    await proxy.close();
  },
);

test('a head that somebody holds keeps its own lane waiting, and no other', async () => {
  const ids = accountsOfLanes(3);
  await run(a, ...ids.map((id) => settled(openCommand(id))));
  const [held = '', ...others] = ids;
  const release = await holdHeads(databases, [held]);
  const waiting = settled(depositCommand(held, 5n));
  const depositing = run(a, waiting, ...others.map((id) => settled(depositCommand(id, 5n))));
  await until('the others are stored', async () => {
    const versions = await Promise.all(others.map(versionsOf));
    return versions.every((count) => count === 2);
  });
  expect(waiting.outcomes).toEqual([]);
  await release();
  for (const outcome of await depositing) expect(outcome).toMatchObject({ kind: 'accepted' });
  expect(await Promise.all(ids.map(versionsOf))).toEqual([2, 2, 2]);
});

test('old operations that are sent again teach their lane to look first', async () => {
  const [id = ''] = accountsOfOnePartition(1);
  await run(a, settled(openCommand(id)));
  const repeated = (operationId: string): Settled =>
    settled(depositCommand(id, 7n, { operationId }));
  const ids = Array.from({ length: 3 }, () => randomUUID());
  for (const operationId of ids) await run(b, repeated(operationId));
  await run(a, settled(depositCommand(id, 1n))); // from here on it knows the account's version
  const { collisions } = a.context.counts;
  for (const operationId of ids) {
    const [again] = await run(a, repeated(operationId));
    expect(again).toMatchObject({ kind: 'replayed' });
  }
  expect(a.context.counts.collisions).toBe(collisions + 1);
  await run(a, settled(depositCommand(id, 1n, { operationId: randomUUID() })));
  expect(laneOf(a, id).looksForOperations).toBe(false);
});

test('a command that would be refused is looked up first: it may be a repeat', async () => {
  const [id = '', other = ''] = accountsOfOnePartition(2);
  const operationId = randomUUID();
  const repeated = (): Settled => settled({ ...openCommand(id), operationId });
  await run(b, repeated());
  const [opened, again] = await run(a, settled(openCommand(other)), repeated());
  expect(opened).toMatchObject({ kind: 'accepted' });
  expect(again).toMatchObject({ kind: 'replayed', after: { version: 1n } });
});

test('an operation that this replica has just stored is looked up before it decides', async () => {
  const [id = ''] = accountsOfOnePartition(1);
  await run(a, settled(openCommand(id)));
  const operationId = randomUUID();
  const repeated = (): Settled => settled(depositCommand(id, 7n, { operationId }));
  await run(a, repeated());
  const { collisions } = a.context.counts;
  const [again] = await run(a, repeated());
  expect(again).toMatchObject({ kind: 'replayed', after: { version: 2n, balanceMinor: 7n } });
  expect(a.context.counts.collisions).toBe(collisions);
});
