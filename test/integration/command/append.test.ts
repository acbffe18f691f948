/**
 * The append against a real event store, two replicas on one log: who decided on a state that is no
 * longer the newest loses nothing and doubles nothing, whichever of the fences he meets.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendFast } from '../../../command-svc/append-fast.ts';
import { appendUnderHeads } from '../../../command-svc/append-under-heads.ts';
import type { SubmissionClaim } from '../../../command-svc/batch-item.ts';
import { processBatch } from '../../../command-svc/process-batch.ts';
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
import { openDatabases, type Databases } from '#test/support/databases.ts';

let databases: Databases;
let a: Replica;
let b: Replica;

beforeAll(async () => {
  databases = await openDatabases();
  a = openReplica(databases.eventStoreUrl('bank_command'), 'replica-a');
  b = openReplica(databases.eventStoreUrl('bank_command'), 'replica-b');
});

afterAll(async () => {
  await Promise.all([a.close(), b.close()]);
  await databases.close();
});

async function run(replica: Replica, items: Settled[]): Promise<unknown[]> {
  const lane = laneOf(replica, items[0]?.item.command?.accountId ?? '');
  await processBatch(
    replica.context,
    lane,
    items.map(({ item }) => item),
    Date.now(),
  );
  return items.map(({ outcomes }) => {
    expect(outcomes).toHaveLength(1);
    return outcomes[0];
  });
}

async function versionsOf(accountId: string): Promise<bigint[]> {
  const { rows } = await databases.eventStore.query<{ version: bigint }>(
    'select version from events where account_id = $1 order by version',
    [accountId],
  );
  return rows.map(({ version }) => version);
}

/** Every log is dense, and its head is its last row. */
async function checkLogs(): Promise<void> {
  const { rows } = await databases.eventStore.query<{ n: bigint; top: bigint; seq: bigint }>(
    `select count(o.seq) as n, coalesce(max(o.seq), 0) as top, h.seq
       from partition_heads h left join outbox o using (partition) group by h.partition, h.seq`,
  );
  for (const { n, top, seq } of rows) expect([n, top]).toEqual([seq, seq]);
}

async function claim(submissionId: string): Promise<SubmissionClaim> {
  const claimId = randomUUID();
  await databases.eventStore.query(`insert into submissions values ('', $1, now(), null, null)`, [
    submissionId,
  ]);
  await databases.eventStore.query(
    `insert into submission_claims values ('', $1, $2, 0, 1000000)`,
    [submissionId, claimId],
  );
  return { tenant: '', submissionId, claimId };
}

describe('an operation id', () => {
  it('executes once, replays the same content, refuses other, in one batch and later', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    const operationId = randomUUID();
    const once = (): Settled => settled(depositCommand(id, 5n, { operationId }));
    const [, first, second, other] = await run(a, [
      settled(openCommand(id)),
      once(),
      once(),
      settled(depositCommand(id, 6n, { operationId })),
    ]);
    const after = { version: 2n, balanceMinor: 5n };
    expect(first).toMatchObject({ kind: 'accepted', after });
    expect(second).toMatchObject({ kind: 'replayed', after });
    expect(other).toMatchObject({ rejection: { reason: 'OPERATION_ID_REUSED' } });
    const [later, otherLater] = await run(b, [
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
    await run(a, [settled(openCommand(id))]);
    const collisions = a.context.counts.collisions;
    const slower = beforeAppend(
      a,
      once(() => run(b, [settled(depositCommand(id, 7n))])),
    );
    const [outcome] = await run(slower, [settled(depositCommand(id, 1n))]);
    expect(outcome).toMatchObject({ after: { version: 3n, balanceMinor: 8n } });
    expect(a.context.counts.collisions).toBe(collisions + 1);
    expect(await versionsOf(id)).toEqual([1n, 2n, 3n]);
    await checkLogs();
  });

  it('on an account that the batch refuses only: the refusal is decided again', async () => {
    const [id = '', other = ''] = accountsOfOnePartition(2);
    await run(a, [settled(openCommand(id))]);
    const moved = a.context.counts.headMoved;
    const slower = beforeAppend(
      a,
      once(() => run(b, [settled(openCommand(other))])),
    );
    const items = [settled(depositCommand(id, 1n)), settled(depositCommand(other, 2n))];
    const [, second] = await run(slower, items);
    expect(second).toMatchObject({ after: { version: 2n, balanceMinor: 2n } });
    expect(a.context.counts.headMoved).toBe(moved + 1);
    await checkLogs();
  });

  it('on other accounts of the partition: the append stands, and the lane catches up', async () => {
    const [id = '', other = ''] = accountsOfOnePartition(2);
    await run(a, [settled(openCommand(id)), settled(openCommand(other))]);
    const slow = a.context.counts.slowAppends;
    const slower = beforeAppend(
      a,
      once(() => run(b, [settled(depositCommand(other, 2n))])),
    );
    await run(slower, [settled(depositCommand(id, 1n))]);
    const [next] = await run(a, [settled(depositCommand(other, 3n))]);
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
    await run(a, [settled(openCommand(id))]);
    const rounds = 20;
    const deposits = replicas.map(async (replica) => {
      for (let n = 0; n < rounds; n++) await run(replica, [settled(depositCommand(id, 1n))]);
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
    await run(a, [settled(openCommand(id)), settled(depositCommand(id, 5n))]);
    await databases.eventStore.query(
      `insert into events select account_id, 3, recorded_at, type, hash, payload
         from events where account_id = $1 and version = 2`,
      [id],
    );
    const collisions = a.context.counts.collisions;
    const [outcome] = await run(a, [settled(depositCommand(id, 1n))]);
    expect(outcome).toMatchObject({ kind: 'accepted', after: { version: 4n, balanceMinor: 6n } });
    expect(a.context.counts.collisions).toBe(collisions + 2);
    await checkLogs();
  });
});

describe('a backend that dies inside the append', () => {
  it('is made up for: the batch is stored once, under the same batch_id', async () => {
    const [id = ''] = accountsOfOnePartition(1);
    await run(a, [settled(openCommand(id))]);
    const holder = await databases.eventStore.connect();
    const partition = laneOf(a, id).partition;
    await holder.query('begin');
    await holder.query('select from partition_heads where partition = $1 for update', [partition]);
    const lost = a.context.counts.answersLost;
    const depositing = run(a, [settled(depositCommand(id, 4n))]);
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
    await run(a, [settled(openCommand(id)), settled(depositCommand(id, 9n, { operationId }))]);
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
    await run(a, [settled(openCommand(id))]);
    const late = settled(depositCommand(id, 1n), undefined, Date.now() - 1);
    expect(await run(a, [late])).toMatchObject([{ kind: 'failed' }]);
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
