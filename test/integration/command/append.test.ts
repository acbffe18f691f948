/**
 * The append against a real event store, two replicas on one log: who decided on a state that is no
 * longer the newest loses nothing and doubles nothing, whichever of the fences he meets.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendFast } from '../../../command-svc/append-fast.ts';
import { appendUnderHeads } from '../../../command-svc/append-under-heads.ts';
import type { SubmissionClaim } from '../../../command-svc/batch-item.ts';
import {
  accountsOfOnePartition,
  batchOf,
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
import type { Databases } from '#test/support/databases.ts';
import {
  newClaim,
  openTwoReplicas,
  processed,
  versionsOf as versionsIn,
  type TwoReplicas,
} from '#test/support/two-replicas.ts';

let replicas: TwoReplicas;
let databases: Databases;
let a: Replica;
let b: Replica;

beforeAll(async () => {
  replicas = await openTwoReplicas();
  ({ databases, a, b } = replicas);
});

afterAll(() => replicas.close());

const versionsOf = (accountId: string): Promise<bigint[]> => versionsIn(databases, accountId);

/** Every log is dense, and its head is its last row. */
async function checkLogs(): Promise<void> {
  const { rows } = await databases.eventStore.query<{ n: bigint; top: bigint; seq: bigint }>(
    `select count(o.seq) as n, coalesce(max(o.seq), 0) as top, h.seq
       from partition_heads h left join outbox o using (partition) group by h.partition, h.seq`,
  );
  for (const { n, top, seq } of rows) expect([n, top]).toEqual([seq, seq]);
}

const claim = (submissionId: string): Promise<SubmissionClaim> => newClaim(databases, submissionId);

describe('an operation id', () => {
  it('executes once, replays the same content, refuses other, in one batch and later', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    const operationId = randomUUID();
    const once = (): Settled => settled(depositCommand(id, 5n, { operationId }));
    const [, first, second, other] = await processed(a, [
      settled(openCommand(id)),
      once(),
      once(),
      settled(depositCommand(id, 6n, { operationId })),
    ]);
    const after = { version: 2n, balanceMinor: 5n };
    expect(first).toMatchObject({ kind: 'accepted', after });
    expect(second).toMatchObject({ kind: 'replayed', after });
    expect(other).toMatchObject({ rejection: { reason: 'OPERATION_ID_REUSED' } });
    const [later, otherLater] = await processed(b, [
      once(),
      settled(depositCommand(id, 6n, { operationId })),
    ]);
    expect(later).toMatchObject({ kind: 'replayed', after });
    expect(otherLater).toMatchObject({ rejection: { reason: 'OPERATION_ID_REUSED' } });
    expect(await versionsOf(id)).toEqual([1n, 2n]);
    await checkLogs();
  });
});

describe('another replica that commits between load and append', () => {
  it('on the same account: the batch is decided again under the head', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    await processed(a, [settled(openCommand(id))]);
    const collisions = a.context.counts.collisions;
    const slower = beforeAppend(
      a,
      once(() => processed(b, [settled(depositCommand(id, 7n))])),
    );
    const [outcome] = await processed(slower, [settled(depositCommand(id, 1n))]);
    expect(outcome).toMatchObject({ after: { version: 3n, balanceMinor: 8n } });
    expect(a.context.counts.collisions).toBe(collisions + 1);
    expect(await versionsOf(id)).toEqual([1n, 2n, 3n]);
    await checkLogs();
  });

  it('on an account that the batch refuses only: the refusal is decided again', async () => {
    const [id = '', other = ''] = accountsOfOnePartition(2);
    await processed(a, [settled(openCommand(id))]);
    const moved = a.context.counts.headMoved;
    const slower = beforeAppend(
      a,
      once(() => processed(b, [settled(openCommand(other))])),
    );
    const items = [settled(depositCommand(id, 1n)), settled(depositCommand(other, 2n))];
    const [, second] = await processed(slower, items);
    expect(second).toMatchObject({ after: { version: 2n, balanceMinor: 2n } });
    expect(a.context.counts.headMoved).toBe(moved + 1);
    await checkLogs();
  });

  it('on other accounts of the partition: the append stands, and the lane catches up', async () => {
    const [id = '', other = ''] = accountsOfOnePartition(2);
    await processed(a, [settled(openCommand(id)), settled(openCommand(other))]);
    const slow = a.context.counts.slowAppends;
    const slower = beforeAppend(
      a,
      once(() => processed(b, [settled(depositCommand(other, 2n))])),
    );
    await processed(slower, [settled(depositCommand(id, 1n))]);
    const [next] = await processed(a, [settled(depositCommand(other, 3n))]);
    expect(next).toMatchObject({ after: { version: 3n, balanceMinor: 5n } });
    expect(a.context.counts.slowAppends).toBe(slow);
    await checkLogs();
  });

  it('without any lock: versions have no gap and no fork', async () => {
    const url = databases.eventStoreUrl('bank_command');
    const replicas = [
      openReplica(url, 'no-lock-1', NO_LOCKS),
      openReplica(url, 'no-lock-2', NO_LOCKS),
    ];
    const [id = ''] = accountsOfOnePartition(1);
    await processed(a, [settled(openCommand(id))]);
    const rounds = 20;
    const deposits = replicas.map(async (replica) => {
      for (let n = 0; n < rounds; n++) await processed(replica, [settled(depositCommand(id, 1n))]);
    });
    await Promise.all(deposits);
    expect(await versionsOf(id)).toEqual(
      Array.from({ length: 2 * rounds + 1 }, (_, n) => BigInt(n + 1)),
    );
    await Promise.all(replicas.map((replica) => replica.close()));
    await checkLogs();
  });
});

describe('a row planted past the head', () => {
  it('trips the fence under the head: the lane is read anew and the batch goes on', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    await processed(a, [settled(openCommand(id)), settled(depositCommand(id, 5n))]);
    await databases.eventStore.query(
      `insert into events select account_id, 3, recorded_at, type, hash, payload
         from events where account_id = $1 and version = 2`,
      [id],
    );
    const collisions = a.context.counts.collisions;
    const [outcome] = await processed(a, [settled(depositCommand(id, 1n))]);
    expect(outcome).toMatchObject({ kind: 'accepted', after: { version: 4n, balanceMinor: 6n } });
    expect(a.context.counts.collisions).toBe(collisions + 2);
    await checkLogs();
  });
});

describe('a backend that dies inside the append', () => {
  it('is made up for: the batch is stored once, under the same batch_id', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    await processed(a, [settled(openCommand(id))]);
    const holder = await databases.eventStore.connect();
    const partition = laneOf(a, id).partition;
    await holder.query('begin');
    await holder.query('select from partition_heads where partition = $1 for update', [partition]);
    const lost = a.context.counts.answersLost;
    const depositing = processed(a, [settled(depositCommand(id, 4n))]);
    await endWaitingBackend('replica-a');
    await holder.query('rollback');
    holder.release();
    expect(await depositing).toMatchObject([{ after: { version: 2n, balanceMinor: 4n } }]);
    expect(a.context.counts.answersLost).toBe(lost + 1);
    expect(await versionsOf(id)).toEqual([1n, 2n]);
    await checkLogs();
  });
});

describe('an append that was committed and not answered', () => {
  it('is answered from the row, item by item, and what is not in it goes again', async () => {
    const [id = '', unknown = ''] = accountsOfOnePartition(2);
    const operationId = randomUUID();
    await processed(a, [
      settled(openCommand(id)),
      settled(depositCommand(id, 9n, { operationId })),
    ]);
    const stand = await claim(`lost-${id}`);
    const items = [
      settled(depositCommand(id, 1n)),
      settled(depositCommand(id, 2n), { claim: stand, itemIndex: 0 }),
      settled(depositCommand(unknown, 3n), { claim: stand, itemIndex: 1 }),
      settled(depositCommand(id, 9n, { operationId }), { claim: stand, itemIndex: 2 }),
      settled(depositCommand(unknown, 3n)),
    ];
    const batch = batchOf(a, items);
    const since = laneOf(a, id).known ?? 0n;
    const stored = await appendFast(a.context, batch);
    if (stored === 'slow') throw new Error('the fast path did not stand');
    batch.unanswered = { since, backend: undefined };
    const found = await appendUnderHeads(a.context, batch);
    expect(found.position).toBe(stored.position);
    expect(found.items).toEqual(batch.items.slice(0, 4));
    expect(stored.decisions.slice(0, 4)).toMatchObject(found.decisions);
    expect(found.again).toEqual(batch.items.slice(4));
    expect(await versionsOf(id)).toEqual([1n, 2n, 3n, 4n]);
    await checkLogs();
  });
});

describe('a command whose deadline has passed', () => {
  it('is dropped, not stored', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    await processed(a, [settled(openCommand(id))]);
    const late = settled(depositCommand(id, 1n), undefined, performance.now() - 1);
    expect(await processed(a, [late])).toMatchObject([{ kind: 'failed' }]);
    expect(await versionsOf(id)).toEqual([1n]);
  });
});

/** Only the first call does it: the batch's later tries find the log as it is then. */
function once(fn: () => Promise<unknown>): () => Promise<unknown> {
  let done = false;
  return () => {
    if (done) return Promise.resolve();
    done = true;
    return fn();
  };
}

async function endWaitingBackend(application: string): Promise<void> {
  for (;;) {
    const { rows } = await databases.eventStore.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = $1 and wait_event_type = 'Lock'`,
      [application],
    );
    if (rows.length > 0) return;
  }
}
