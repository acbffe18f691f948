/**
 * Openings that come to the submission late: their call has ended by then, or others have come
 * meanwhile. Another's transaction holds them up, so each moment is forced.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPool } from '#platform/postgres.ts';
import { openClaim } from '../../../command-svc/submission-claims.ts';
import type { Standing } from '../../../command-svc/submission-claims.ts';
import { startCuttingProxy, type CuttingProxy } from '#test/support/cutting-proxy.ts';
import {
  failureOf,
  openDepositStream,
  openIntakeReplica,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';
import { depositing, submitBatch } from '#test/support/operations.ts';
import { key, openSubmissionBench, type SubmissionBench } from '#test/support/submission-bench.ts';
import { until } from '#test/support/until.ts';

let bench: SubmissionBench;
let proxy: CuttingProxy;

beforeAll(async () => {
  bench = await openSubmissionBench();
  const { hostname, port } = new URL(bench.databases.eventStoreUrl('bank_command'));
  proxy = await startCuttingProxy({ host: hostname, port: Number(port) });
});

afterAll(async () => {
  await proxy.close();
  await bench.close();
});

const TAKEN_OVER = { reason: 'SUBMISSION_TAKEN_OVER' };

/** Locks rows until it is let go. */
async function held(sql: string, value: string): Promise<() => Promise<void>> {
  const client = await bench.databases.eventStore.connect();
  await client.query('begin');
  await client.query(sql, [value]);
  return async () => {
    await client.query('commit');
    client.release();
  };
}

const SUBMISSION = 'select 1 from submissions where submission_id = $1 for no key update';
/** As an append in flight does. */
const CLAIM = 'select 1 from submission_claims where claim_id = $1 for key share';

function claimIdOf(standing: Standing): string {
  if (standing.kind !== 'open') throw new Error('not open');
  return standing.claim.claimId;
}

/** Breaks the connection on which that one waits. */
async function breakWaiting(applicationName: string): Promise<void> {
  await until(`${applicationName} waits`, () => bench.waitsForLock(applicationName));
  await bench.databases.eventStore.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = $1 and wait_event_type = 'Lock'`,
    [applicationName],
  );
}

describe('an opening whose call has ended', () => {
  const ended = new Error('its caller has gone');

  /** A call that ends when it is told to. */
  const endingCall = () => {
    let isOver = false;
    return {
      end: () => {
        isOver = true;
      },
      throwIfEnded: () => {
        if (isOver) throw ended;
      },
    };
  };

  it('is not tried again', async () => {
    const { a, b, claimIdOf: heldBy } = bench;
    const other = claimIdOf(await openClaim(b.context, key('no-try'), 0, undefined));
    const letGo = await held(SUBMISSION, 'no-try');
    const call = endingCall();
    const opening = openClaim(a.context, key('no-try'), 0, undefined, call);
    const failure = opening.catch((error: unknown) => error);
    await until('it waits', () => bench.waitsForLock('intake-a'));
    call.end();
    await breakWaiting('intake-a');
    expect(await failure).toBe(ended); // the lock is held: no further try could have got this far
    await letGo();
    expect(await heldBy('no-try')).toBe(other);
  });

  it('takes over nothing, however late it has ended', async () => {
    const { a, b, claimIdOf: heldBy } = bench;
    const other = claimIdOf(await openClaim(b.context, key('late'), 0, undefined));
    const letGo = await held(CLAIM, other);
    const call = endingCall();
    const opening = openClaim(a.context, key('late'), 0, undefined, call);
    const failure = opening.catch((error: unknown) => error);
    await until('it waits for the append', () => bench.waitsForLock('intake-a'));
    call.end();
    await letGo();
    expect(await failure).toBe(ended);
    expect(await heldBy('late')).toBe(other);
  });

  /** The call waits for the submission when its replica drains. */
  async function drained(id: string, call: (c: IntakeReplica) => Promise<unknown>): Promise<void> {
    const { b, databases, claimIdOf: heldBy, count } = bench;
    const other = claimIdOf(await openClaim(b.context, key(id), 0, undefined));
    const letGo = await held(SUBMISSION, id);
    const c = await openIntakeReplica(databases.eventStoreUrl('bank_command'), `c-${id}`);
    const failure = failureOf(call(c));
    await until('it waits', () => bench.waitsForLock(`c-${id}`));
    const drain = c.drain();
    await letGo();
    expect(await failure).toBe('14 SHUTTING_DOWN');
    await drain;
    await c.close();
    expect(await heldBy(id)).toBe(other);
    const stored = 'select count(*) as n from submission_batches where submission_id = $1';
    expect(await count(stored, id)).toBe(0);
  }

  it('leaves the claim of the other stream, and stores nothing', () =>
    drained('stream', async (c) => {
      const stream = openDepositStream(c, 'stream');
      await stream.send({ deposits: bench.deposits(0, 10) });
      return stream.ended;
    }));

  it('stores nothing of a direct batch', () =>
    drained('batch', (c) => {
      const operations = bench.deposits(0, 20).map(({ accountId }) => depositing(accountId, 1));
      return submitBatch(c, 'batch', operations);
    }));
});

/** An opening on one connection, which can be kept from it between its tries. */
function openingOn(url: string, name: string, id: string) {
  const { a } = bench;
  const options = { maxConnections: 1, lockTimeoutMs: 2_000, log: a.context.log };
  const eventStore: pg.Pool = createPool({ url, applicationName: name, ...options });
  return {
    open: () => openClaim({ ...a.context, eventStore }, key(id), 0, undefined),
    /** Takes the connection when it is next free; answers how it is given back. */
    keep: async (): Promise<() => void> => {
      const client = await eventStore.connect();
      return () => client.release();
    },
    close: () => eventStore.end(),
  };
}

describe('an opening that is tried again', () => {
  it('leaves alone whoever came after its first try', async () => {
    const { b, databases, claimIdOf: heldBy } = bench;
    await openClaim(b.context, key('again'), 0, undefined);
    const letGo = await held(SUBMISSION, 'again');
    const older = openingOn(databases.eventStoreUrl('bank_command'), 'older', 'again');
    const opening = older.open();
    const failure = opening.catch((error: unknown) => error);
    await until('it waits', () => bench.waitsForLock('older'));
    const kept = older.keep();
    await breakWaiting('older');
    const giveBack = await kept;
    await letGo();
    const newer = claimIdOf(await openClaim(b.context, key('again'), 0, undefined));
    giveBack();
    expect(await failure).toMatchObject(TAKEN_OVER);
    expect(await heldBy('again')).toBe(newer);
    await older.close();
  });

  it('also when its first COMMIT was not answered, and was one', async () => {
    const { b, databases, claimIdOf: heldBy } = bench;
    const url = new URL(databases.eventStoreUrl('bank_command'));
    url.hostname = proxy.host;
    url.port = String(proxy.port);
    const older = openingOn(url.href, 'unanswered', 'lost');
    const cut = proxy.arm({ text: 'commit', moment: 'after the server has committed' });
    const opening = older.open();
    const failure = opening.catch((error: unknown) => error);
    const giveBack = await older.keep();
    await cut.done;
    expect(await heldBy('lost')).toBeDefined();
    const newer = claimIdOf(await openClaim(b.context, key('lost'), 0, undefined));
    giveBack();
    expect(await failure).toMatchObject(TAKEN_OVER);
    expect(await heldBy('lost')).toBe(newer);
    await older.close();
  });

  it('takes over whoever came before it and opened meanwhile', async () => {
    const { b, databases, claimIdOf: heldBy } = bench;
    const url = databases.eventStoreUrl('bank_command');
    const older = openingOn(url, 'slow', 'between');
    const start = await older.keep();
    const opening = older.open();
    await openClaim(b.context, key('between'), 0, undefined);
    const letGo = await held(SUBMISSION, 'between');
    const newer = openingOn(url, 'newer', 'between');
    const takeover = newer.open();
    await until('it waits', () => bench.waitsForLock('newer'));
    const kept = newer.keep();
    await breakWaiting('newer');
    const giveBack = await kept;
    await letGo();
    start();
    const before = claimIdOf(await opening);
    expect(await heldBy('between')).toBe(before);
    giveBack();
    const after = claimIdOf(await takeover);
    expect(await heldBy('between')).toBe(after);
    await Promise.all([older.close(), newer.close()]);
  });

  it('takes over claims of replicas that give ids of another kind', async () => {
    const { b, databases, claimIdOf: heldBy } = bench;
    await openClaim(b.context, key('other-ids'), 0, undefined);
    await databases.eventStore.query(
      `update submission_claims set claim_id = 'ffffffff-ffff-4fff-bfff-ffffffffffff'
        where submission_id = 'other-ids'`,
    );
    const letGo = await held(SUBMISSION, 'other-ids');
    const again = openingOn(databases.eventStoreUrl('bank_command'), 'upgraded', 'other-ids');
    const opening = again.open();
    await breakWaiting('upgraded');
    await letGo();
    const own = claimIdOf(await opening);
    expect(await heldBy('other-ids')).toBe(own);
    await again.close();
  });
});
