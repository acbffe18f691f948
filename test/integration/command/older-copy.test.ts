/**
 * The event store fails over to a copy that lags, and another replica goes on from there, past the
 * position up to which this one's cached states are exact: by positions alone they would still be.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  accountsOfOnePartition,
  depositCommand,
  laneOf,
  openCommand,
  settled,
  type Replica,
} from '#test/support/batch-bench.ts';
import {
  openTwoReplicas,
  processed,
  versionsOf,
  type TwoReplicas,
} from '#test/support/two-replicas.ts';

let replicas: TwoReplicas;
let a: Replica;
let b: Replica;
beforeAll(async () => {
  replicas = await openTwoReplicas();
  ({ a, b } = replicas);
});
afterAll(() => replicas.close());

/**
 * An account of which a replica knows a deposit that the event store has lost; `between` comes
 * before that deposit, and is kept.
 */
async function withLostDeposit(
  between: (others: string[]) => Promise<unknown> = () => Promise.resolve(),
): Promise<{ id: string; others: string[] }> {
  const [id = '', ...others] = accountsOfOnePartition(5);
  await processed(a, [settled(openCommand(id)), settled(depositCommand(id, 10n))]);
  await between(others);
  const { partition } = laneOf(a, id);
  const { eventStore } = replicas.databases;
  const { rows } = await eventStore.query<{ seq: bigint }>(
    'select seq from partition_heads where partition = $1',
    [partition],
  );
  const known = rows[0]?.seq ?? 0n;
  await processed(a, [settled(depositCommand(id, 500n))]);
  await eventStore.query('delete from events where account_id = $1 and version = 3', [id]);
  await eventStore.query('delete from outbox where partition = $1 and seq > $2', [
    partition,
    known,
  ]);
  await eventStore.query('update partition_heads set seq = $2 where partition = $1', [
    partition,
    known,
  ]);
  return { id, others };
}

describe('states of what the event store has lost', () => {
  test.each([1, 2, 3])('are not decided on, %i positions later', async (count) => {
    const { id, others } = await withLostDeposit();
    for (const other of others.slice(0, count)) await processed(b, [settled(openCommand(other))]);
    const [told] = await processed(a, [settled(depositCommand(id, 1n))]);
    expect(told).toMatchObject({ kind: 'accepted', after: { version: 3n, balanceMinor: 11n } });
    expect(await versionsOf(replicas.databases, id)).toEqual([1n, 2n, 3n]);
  });

  test('are not decided on where the lane remembers a row of its own', async () => {
    const open = (other = '') => processed(b, [settled(openCommand(other))]);
    const { id, others } = await withLostDeposit(([first]) => open(first));
    expect(laneOf(a, id).ownRows.size).toBe(1);
    await open(others[1]);
    const [told] = await processed(a, [settled(depositCommand(id, 1n))]);
    expect(told).toMatchObject({ kind: 'accepted', after: { version: 3n, balanceMinor: 11n } });
    expect(await versionsOf(replicas.databases, id)).toEqual([1n, 2n, 3n]);
  });
});
