/**
 * Accounts that are opened for a submission, against a real event store: they are neither locked
 * nor looked for, and one that exists is refused all the same.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaneStates } from '../../../command-svc/lane-states.ts';
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
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { newClaim, processed, versionsOf as versionsIn } from '#test/support/two-replicas.ts';

let databases: Databases;
let a: Replica;
let b: Replica;
/** The accounts of each lock that replica a has asked for. */
const locked: string[][] = [];

beforeAll(async () => {
  databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  b = openReplica(url, 'replica-b');
  const { locks } = b.context;
  a = openReplica(url, 'replica-a', {
    ...locks,
    acquire: (partition, ids) => {
      locked.push([...ids]);
      return locks.acquire(partition, ids);
    },
  });
});

afterAll(async () => {
  await Promise.all([a.close(), b.close()]);
  await databases.close();
});

function laneFor(replica: Replica, items: readonly Settled[]): LaneStates {
  return laneOf(replica, items[0]?.item.command?.accountId ?? '');
}

/** A claim of a submission of its own, with which items are opened one after the other. */
async function openSubmission(): Promise<(accountId: string, currency?: string) => Settled> {
  const stand = await newClaim(databases);
  let itemIndex = 0;
  return (accountId, currency) =>
    settled(openCommand(accountId, currency), { claim: stand, itemIndex: itemIndex++ });
}

const versionsOf = (accountId: string): Promise<bigint[]> => versionsIn(databases, accountId);

const ACCEPTED = { kind: 'accepted', after: { version: 1n } };
const EXISTS = { kind: 'rejected', rejection: { reason: 'ACCOUNT_EXISTS' } };

describe('accounts opened for a submission', () => {
  it('are not locked, but those of deposits that come before them are', async () => {
    const [first = '', second = '', third = ''] = accountsOfOnePartition(3);
    const open = await openSubmission();
    locked.length = 0;
    const outcomes = await processed(a, [
      open(first),
      settled(depositCommand(first, 5n)),
      settled(depositCommand(second, 5n)),
      open(second),
      settled(openCommand(third)),
    ]);
    expect(locked).toEqual([[second, third]]);
    expect(outcomes).toMatchObject([
      ACCEPTED,
      { kind: 'accepted', after: { version: 2n, balanceMinor: 5n } },
      { kind: 'rejected', rejection: { reason: 'ACCOUNT_NOT_FOUND' } },
      ACCEPTED,
      ACCEPTED,
    ]);
  });

  it('are refused when another replica has opened them, and looked for from then on', async () => {
    const [taken = '', free = '', later = '', last = ''] = accountsOfOnePartition(4);
    const items = [taken, free, later, last].map((id) => settled(openCommand(id)));
    const lane = laneFor(a, items);
    await processed(a, [settled(depositCommand(taken, 1n))]); // so that the lane knows its head
    await processed(b, [settled(openCommand(taken))]);
    const { collisions, slowAppends } = a.context.counts;
    const open = await openSubmission();
    expect(await processed(a, [open(taken), open(free, 'JPY'), open(taken)])).toMatchObject([
      EXISTS,
      ACCEPTED,
      EXISTS,
    ]);
    expect(a.context.counts).toMatchObject({
      collisions: collisions + 1,
      slowAppends: slowAppends + 1,
    });
    expect(lane.looksForOpened).toBe(true);

    await processed(b, [settled(openCommand(later))]);
    expect(await processed(a, [open(later)])).toMatchObject([EXISTS]);
    expect(a.context.counts.collisions).toBe(collisions + 1);
    expect(lane.looksForOpened).toBe(true);

    expect(await processed(a, [open(last)])).toMatchObject([ACCEPTED]);
    expect(lane.looksForOpened).toBe(false);
    for (const id of [taken, free, later, last]) expect(await versionsOf(id)).toEqual([1n]);
  });

  it('are replayed when their operation was executed by another replica', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    const command = { ...openCommand(id), operationId: randomUUID() };
    await processed(b, [settled(command)]);
    const stand = await newClaim(databases);
    const again = settled(command, { claim: stand, itemIndex: 0 });
    const other = settled({ ...command, owner: 'Ada' }, { claim: stand, itemIndex: 1 });
    expect(await processed(a, [again, other])).toMatchObject([
      { kind: 'replayed', after: { version: 1n } },
      { kind: 'rejected', rejection: { reason: 'OPERATION_ID_REUSED' } },
    ]);
    expect(await versionsOf(id)).toEqual([1n]);
  });

  it('are not kept in the cache before they are used', async () => {
    const [used = '', opened = ''] = accountsOfOnePartition(2);
    const open = await openSubmission();
    await processed(a, [settled(openCommand(used)), open(opened)]);
    const { accounts } = laneOf(a, used);
    expect([used, opened].map((id) => accounts.has(id))).toEqual([true, false]);
    await processed(a, [open(used), settled(depositCommand(used, 1n))]);
    const [deposited] = await processed(a, [settled(depositCommand(opened, 3n))]);
    expect(deposited).toMatchObject({ after: { version: 2n, balanceMinor: 3n } });
    const states = [used, opened].map((id) => accounts.get(id)?.state);
    expect(states).toMatchObject([
      { version: 2n, balanceMinor: 1n },
      { version: 2n, balanceMinor: 3n },
    ]);
  });
});
