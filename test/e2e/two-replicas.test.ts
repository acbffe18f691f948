/**
 * Two replicas write the same accounts: in turn, each with states in its cache that the other has
 * made old, and at once, each in the middle of the other's way. Versions have no gap and no fork,
 * every deposit stands once, and no fence was met that only a bug would meet: the replicas' logs
 * hold no error.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { loggedErrors } from '#test/support/logged-errors.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, partOf, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

describe('two replicas that write one account', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
  });
  afterAll(() => mesh.close());

  const twoClients = () => [mesh.clientOf('command-1'), mesh.clientOf('command-2')] as const;
  const check = (payrolls: readonly Payroll[]) =>
    checkLedger({ stores: mesh.stores, seed, payrolls });

  test('in turn: each catches up with what the other has stored', async () => {
    const whole = makePayroll(random, { accounts: 3, items: 120 });
    const [one, two] = twoClients();
    await openAccounts(one, whole);
    const parts = Array.from({ length: 6 }, (_, n) => partOf(whole, n * 20, n * 20 + 20));
    for (const [n, part] of parts.entries()) {
      expect(await sendDeposits(n % 2 === 0 ? one : two, part)).toMatchObject({ accepted: 20n });
    }
    await check(parts);
    expect(errors()).toEqual([]);
  });

  test('one commits between the other load and append', async () => {
    const whole = makePayroll(random, { accounts: 1, items: 40 });
    const [one, two] = twoClients();
    await openAccounts(one, whole);
    const parts = [partOf(whole, 0, 20), partOf(whole, 20, 40)] as const;
    const point = mesh.points.arm('append.before-send', { instance: 'command-1' });
    const early = sendDeposits(one, parts[0]);
    await point.reached();
    expect(await sendDeposits(two, parts[1])).toMatchObject({ accepted: 20n });
    point.release();
    expect(await early).toMatchObject({ accepted: 20n });
    await check(parts);
    expect(errors()).toEqual([]);
  });

  test('a batch is decided again when its try under the heads was lost', async () => {
    const whole = makePayroll(random, { accounts: 1, items: 60 });
    const [one, two] = twoClients();
    await openAccounts(one, whole);
    const parts = [partOf(whole, 0, 20), partOf(whole, 20, 40), partOf(whole, 40, 60)] as const;

    // The second replica holds the account's lock, so the first goes under the head, and loses it
    // there.
    const locked = mesh.points.arm('append.before-send', { instance: 'command-2' });
    const ofTwo = sendDeposits(two, parts[1]);
    await locked.reached();
    const holding = mesh.points.arm('append.before-commit', { instance: 'command-1' });
    const ofOne = sendDeposits(one, parts[0]);
    await holding.reached();
    await endOpenTransactions();
    // The other's append is through before the first one looks again.
    locked.release();
    expect(await ofTwo).toMatchObject({ accepted: 20n });
    holding.release();
    expect(await ofOne).toMatchObject({ accepted: 20n });
    expect(await sendDeposits(one, parts[2])).toMatchObject({ accepted: 20n });
    await check(parts);
    expect(errors()).toEqual([]);
  });

  /** Ends the backends of replicas that are in the middle of a transaction. */
  async function endOpenTransactions(): Promise<void> {
    const { rowCount } = await mesh.stores.eventStore.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'bank_command' and state = 'idle in transaction'`,
    );
    expect(rowCount).toBeGreaterThan(0);
  }

  function errors(): string[] {
    return loggedErrors(['command-1', 'command-2'].map((name) => mesh.replica(name).logFile));
  }
});
