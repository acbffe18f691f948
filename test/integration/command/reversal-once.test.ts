/**
 * A reversal happens once: asked for again, by several callers at once, or after it broke off in
 * the middle.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openIntakeReplica } from '#test/support/intake-replica.ts';
import { balancesOf, reverse } from '#test/support/reversals.ts';
import {
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { stallingAfter } from '#test/support/stalling-batcher.ts';
import { until } from '#test/support/until.ts';

let bench: SubmissionBench;

beforeAll(async () => {
  bench = await openSubmissionBench();
});

afterAll(() => bench.close());

const REUSED = '6 OPERATION_ID_REUSED';

describe('once', () => {
  it('is what a reversal happens, and its answer is the same again', async () => {
    const { a, b, deposits, count } = bench;
    await upload(a, 'once', { deposits: deposits(0, 50) });
    const first = await reverse(a, 'once-undone', 'once');
    const events = await count('select count(*) as n from events');
    const again = await reverse(b, 'once-undone', 'once');
    expect(again).toMatchObject({ received: 50n, duplicate: 50n, accepted: 0n, rejected: 0n });
    expect(again.submission).toEqual(first.submission);
    expect(await failureOf(reverse(b, 'once-more', 'once'))).toBe('9 ALREADY_REVERSED');
    expect(await failureOf(reverse(b, 'once-undone', 'once', 'other'))).toBe(REUSED);
    expect(await count('select count(*) as n from events')).toBe(events);
  });

  it('of two that are asked for at once under two ids, one is made', async () => {
    const { a, b, deposits } = bench;
    await upload(a, 'both', { deposits: deposits(0, 20) });
    const asked = ['both-a', 'both-b'].map((id, n) => reverse(n === 0 ? a : b, id, 'both'));
    const [one, other] = await Promise.allSettled(asked);
    const isRefused = one?.status === 'rejected';
    expect(other?.status).toBe(isRefused ? 'fulfilled' : 'rejected');
    const refused = isRefused ? asked[0] : asked[1];
    expect(await failureOf(refused ?? Promise.resolve())).toBe('9 ALREADY_REVERSED');
  });

  it('undoes nothing that was undone: a reversal stays', async () => {
    const { a, deposits } = bench;
    await upload(a, 'twice', { deposits: deposits(0, 3) });
    await reverse(a, 'twice-undone', 'twice');
    const receipt = await reverse(a, 'twice-redone', 'twice-undone');
    expect(receipt).toMatchObject({ accepted: 0n, rejected: 3n });
    expect(receipt.firstRejections[0]).toMatchObject({ reason: 'OPERATION_NOT_FOUND', field: '' });
  });
});

describe('a reversal that broke off', () => {
  const ITEMS = 200;
  const STALLED_AT = 70;

  async function stalled(name: string) {
    const { databases, a, deposits, whenStored } = bench;
    await upload(a, name, { deposits: deposits(0, ITEMS) });
    const stall = stallingAfter(STALLED_AT);
    const url = databases.eventStoreUrl('bank_command');
    const replica = await openIntakeReplica(url, `stalled-${name}`, { around: stall.around });
    const controller = new AbortController();
    const call = reverse(replica, `${name}-undone`, name, 'why', controller.signal);
    call.catch(() => undefined);
    await whenStored(`${name}-undone`, STALLED_AT);
    return { call, controller, replica, release: stall.release };
  }

  const undoneEvents = (name: string): Promise<number> =>
    bench.count(
      `select coalesce(sum(accepted), 0) as n from submission_batches where submission_id = $1`,
      `${name}-undone`,
    );

  it('goes on behind what is stored, on any replica', async () => {
    const { deposits, databases, claimsOf } = bench;
    const ids = deposits(0, 40).map(({ accountId }) => accountId);
    const before = await balancesOf(databases, ids);
    const { call, controller, replica, release } = await stalled('cancelled');
    controller.abort();
    expect(await failureOf(call)).toBe('1');
    const receipt = await reverse(bench.b, 'cancelled-undone', 'cancelled', 'why');
    expect(receipt).toMatchObject({ received: 200n, duplicate: 70n, accepted: 130n });
    expect(await undoneEvents('cancelled')).toBe(ITEMS);
    expect(await balancesOf(databases, ids)).toEqual(before);
    release();
    await replica.close();
    await until('no claim', async () => (await claimsOf('cancelled-undone')) === 0);
  });

  it('finds that another call has completed it', async () => {
    const { call, replica, release } = await stalled('overtaken');
    const receipt = await reverse(bench.b, 'overtaken-undone', 'overtaken', 'why');
    expect(receipt).toMatchObject({ received: 200n, duplicate: 70n, accepted: 130n });
    release();
    expect(await call).toMatchObject({ received: 200n, accepted: 70n, duplicate: 130n });
    expect(await undoneEvents('overtaken')).toBe(ITEMS);
    await replica.close();
  });

  it('ends with its replica, which drains', async () => {
    const { call, replica, release } = await stalled('drained');
    const drained = replica.drain();
    expect(await failureOf(call)).toBe('14 SHUTTING_DOWN');
    release();
    await drained;
    const receipt = await reverse(bench.a, 'drained-undone', 'drained', 'why');
    expect(receipt).toMatchObject({ duplicate: 70n, accepted: 130n });
    await replica.close();
  });

  it('is refused to whoever asks in other words meanwhile', async () => {
    const { call, controller, replica, release } = await stalled('reworded');
    expect(await failureOf(reverse(bench.b, 'reworded-undone', 'reworded', 'other'))).toBe(REUSED);
    expect(await failureOf(reverse(bench.b, 'reworded-2', 'reworded'))).toBe('9 ALREADY_REVERSED');
    release();
    expect(await call).toMatchObject({ accepted: 200n });
    controller.abort();
    await replica.close();
  });
});
