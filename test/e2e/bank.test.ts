/**
 * The bank test: clients move money among accounts at random on two replicas, one of which is
 * killed (-9) again and again. The total never changes, whichever versions are looked at; both legs
 * of a transfer are stored, or neither; what was answered is what is stored. A few seconds here;
 * `npm run test:bank -- --minutes N` for as long as wanted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBankAccounts, startBankClients } from '#test/support/bank-clients.ts';
import { bankProblems } from '#test/support/bank-history.ts';
import { projectedTotal, readBankEvents } from '#test/support/bank-reads.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { readEvents, readLogRecords } from '#test/support/stored-rows.ts';

const LONG_MS = Number(process.env['BANK_TEST_MINUTES'] ?? 0) * 60_000;
/** Of the short one: a kill needs some seconds to start again. */
const RUN_MS = LONG_MS > 0 ? LONG_MS : 8_000;
const KILL_EVERY_MS = LONG_MS > 0 ? 20_000 : 3_000;
const TIMEOUT_MS = RUN_MS + 120_000;
const CLIENTS = 16;
const ACCOUNTS_MIN = 8;
const ACCOUNTS_MAX = 32;
const PAID_IN = 1_000n;

describe('random transfers on two replicas', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('leave every total as it was, through kills', { timeout: TIMEOUT_MS }, async () => {
    const count = ACCOUNTS_MIN + random.below(ACCOUNTS_MAX - ACCOUNTS_MIN + 1);
    const accounts = await openBankAccounts(mesh.client, random, count, PAID_IN);
    const totalMinor = PAID_IN * BigInt(count);
    const start = new Map(accounts.map((id) => [id, 2n]));
    await waitForProjection(mesh.stores);

    const run = startBankClients(mesh.client, accounts, { clients: CLIENTS, seed });
    const state = { over: false, kills: 0, cuts: 0 };
    const killing = killAgainAndAgain(state);
    const cutting = lookAtTotals(state, accounts, totalMinor, start);
    const over = (): void => void (state.over = true);
    await Promise.race([sleep(RUN_MS), cutting, killing]).finally(over);
    await Promise.all([run.stop(), killing, cutting]);

    await waitForProjection(mesh.stores);
    const events = await readBankEvents(mesh.stores, accounts);
    const history = { events, tries: run.tries, start, totalMinor };
    const stored = await readEvents(mesh.stores, accounts);
    const log = await readLogRecords(mesh.stores, accounts);
    const problems = [...bankProblems(history, random), ...checkEvents(stored, log, [])];
    expect(problems.slice(0, 15), `seed ${seed}`).toEqual([]);
    const { totalMinor: projected } = await projectedTotal(mesh.stores, accounts, start);
    expect(projected, `seed ${seed}`).toBe(totalMinor);
    const counts = Map.groupBy(run.tries, ({ answer }) => answer.kind);
    const told = [...counts].map(([kind, tries]) => `${tries.length} ${kind}`).join(', ');
    process.stdout.write(
      `${count} accounts, ${CLIENTS} clients: ${told}, ${run.resent()} sent again, ` +
        `${state.kills} kills, ${state.cuts} closed totals, ${problems.length} violations\n`,
    );
    expect(state.kills).toBeGreaterThan(0);
    expect(state.cuts).toBeGreaterThan(0);
    expect(counts.get('accepted')?.length).toBeGreaterThan(100);
    expect(counts.get('unknown') ?? []).toEqual([]);
  });

  async function killAgainAndAgain(state: { over: boolean; kills: number }): Promise<void> {
    for (let n = 0; !state.over; n++) {
      await sleep(state.kills === 0 ? KILL_EVERY_MS / 2 : KILL_EVERY_MS);
      if (state.over) return;
      const instance = n % 2 === 0 ? 'command-1' : 'command-2';
      await mesh.kill(instance);
      await mesh.restart(instance);
      state.kills += 1;
    }
  }

  /** What readers can add up while money moves. */
  async function lookAtTotals(
    state: { over: boolean; cuts: number },
    accounts: readonly string[],
    totalMinor: bigint,
    start: ReadonlyMap<string, bigint>,
  ): Promise<void> {
    let closed = start;
    while (!state.over) {
      const found = await projectedTotal(mesh.stores, accounts, closed);
      expect(found.totalMinor, `seed ${seed}, total ${state.cuts}`).toBe(totalMinor);
      closed = found.versions;
      state.cuts += 1;
      await sleep(50);
    }
  }
});
