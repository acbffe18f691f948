/**
 * The first release with data, upgraded as docs/upgrade.md says and rolled back on the migrated
 * databases, replica by replica, under load: nothing is lost, nothing stands twice, money agrees to
 * the cent, every answer is what is stored, and what one version stored is a repeat for the other.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createBankClient } from '#client/bank-client.ts';
import { followReconciliation } from '#client/reconciliation.ts';
import { followVerification } from '#client/verification.ts';
import { loggedErrors } from '#test/support/logged-errors.ts';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { openBankAccounts } from '#test/support/bank-clients.ts';
import { bankProblems } from '#test/support/bank-history.ts';
import { readBankEvents } from '#test/support/bank-reads.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { compileCache } from '#test/support/mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { readEvents, readLogRecords } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';
import { startLoad, type LoadResult, type ToldEvent } from '#test/upgrade/load-under-roll.ts';
import { releasedBank, todaysBank, type BankVersion } from '#test/upgrade/released-bank.ts';
import { openRollingMesh, type RollingMesh } from '#test/upgrade/rolling-mesh.ts';

const RELEASE = 'v0.1.0';
const START_MS = 120_000; // a second stack on a busy machine
const BANK_ACCOUNTS = 12;
const PAID_IN = 100_000n;
const PAYROLL = { accounts: 40, items: 3000, dirt: 0.03, operationIds: 0.2 } as const;
/** Of each kind, while six replicas are replaced. */
const CALLS_MIN = 24;
/** Readers before writers, and back the other way round. */
const UPGRADE = [['query', 'projector'], ['command']] as const;

describe(`an upgrade of ${RELEASE} and the way back`, () => {
  let mesh: RollingMesh;
  let before: BankVersion;
  const after = todaysBank();
  const seed = freshSeed();
  const random = seededRandom(seed);
  const payrolls: Payroll[] = [];
  const loads: LoadResult[] = [];
  let accounts: string[];

  beforeAll(async () => {
    const stack = inject('stack');
    before = await releasedBank(RELEASE, join(stack.folder, `release-${RELEASE}`));
    mesh = await openRollingMesh(`${stack.folder}-upgrade`, compileCache(stack));
    await before.setUp(mesh.stack);
    await Promise.all([mesh.connect(before), mesh.start(before)]);
    accounts = await openBankAccounts(mesh.client, random, BANK_ACCOUNTS, PAID_IN);
  }, START_MS);
  afterAll(() => mesh.stop());

  test('the release takes deposits', async () => {
    const payroll = await newPayroll(500);
    expect(await sendDeposits(mesh.client, payroll)).toMatchObject({ received: 500n });
    await waitForProjection(mesh.stores);
  });

  test('the upgrade under load: databases, readers, writers, connector', async () => {
    await underLoad(async () => {
      expect(await after.setUp(mesh.stack)).toContain('applied 000007-append-audit.sql');
      for (const services of UPGRADE) await mesh.roll(services, after);
      await mesh.connect(after);
    });
    await sendsAgain(payrolls[0]);
  });

  test('the way back under load, on the migrated databases', async () => {
    await underLoad(async () => {
      for (const services of UPGRADE.toReversed()) await mesh.roll(services, before);
    });
    await sendsAgain(payrolls[1]);
  });

  test('all of it is there once, whoever stored it', async () => {
    await waitForProjection(mesh.stores);
    const replaced = mesh.replace('command', 0, after); // v0.1.0 cannot verify
    const acknowledgements = new Map(
      loads.map(({ submissionId, acknowledgements }) => [submissionId, acknowledgements]),
    );
    const checked = checkLedger({ stores: mesh.stores, seed, payrolls, acknowledgements });
    const [command] = await Promise.all([replaced, checked]);
    const tries = loads.flatMap(({ run }) => run.tries);
    expect(tries.filter(({ answer }) => answer.kind === 'unknown')).toEqual([]);
    const events = await readBankEvents(mesh.stores, accounts);
    const start = new Map(accounts.map((id) => [id, 2n]));
    const totalMinor = PAID_IN * BigInt(BANK_ACCOUNTS);
    const stored = await readEvents(mesh.stores, accounts);
    const log = await readLogRecords(mesh.stores, accounts);
    const problems = [
      ...bankProblems({ events, tries, start, totalMinor }, random),
      ...checkEvents(stored, log, []),
    ];
    expect(problems.slice(0, 15), `seed ${seed}`).toEqual([]);
    expect(await reconciled()).toBe(0n);
    expect(await verifiedBy(command)).toBe(0n);
    expect(errorsLogged()).toEqual([]);
  });

  async function newPayroll(items: number): Promise<Payroll> {
    const payroll = makePayroll(random, { ...PAYROLL, items });
    await openAccounts(mesh.client, payroll);
    payrolls.push(payroll);
    return payroll;
  }

  async function underLoad(roll: () => Promise<void>): Promise<void> {
    const payroll = await newPayroll(PAYROLL.items);
    const load = startLoad(mesh.client, payroll, accounts, seed + loads.length * 100);
    const from = performance.now();
    await roll();
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    const result = await load.finish(untilAllIsTold);
    loads.push(result);
    expect(gaps(result.told)).toEqual([]);
    // Else nobody called while replicas went.
    expect(result.run.tries.length).toBeGreaterThan(CALLS_MIN);
    expect(result.reads).toBeGreaterThan(CALLS_MIN);
    const { upload, breaks, run, reads, told } = result;
    process.stdout.write(
      `rolled in ${seconds} s: ${upload.attempts} upload streams (${breaks} breaks), ` +
        `${run.tries.length} transfers, ${run.resent()} sent again, ${reads} reads, ` +
        `${told.length} events followed\n`,
    );
  }

  /** The feed has told what is stored of the accounts, to their newest event. */
  async function untilAllIsTold(told: readonly ToldEvent[]): Promise<void> {
    const { rows } = await mesh.stores.eventStore.query<{ count: bigint }>(
      'select count(*) from events',
    );
    await until('every event in the feed', () => BigInt(told.length) >= (rows[0]?.count ?? 0n));
  }

  /** Each item is known, and none is stored, whichever version stored it. */
  async function sendsAgain(payroll: Payroll | undefined): Promise<void> {
    if (payroll === undefined) throw new Error('nothing was sent');
    const received = BigInt(payroll.items.length);
    const receipt = await sendDeposits(mesh.client, payroll);
    expect(receipt).toMatchObject({ received, duplicate: received, accepted: 0n });
  }

  async function reconciled(): Promise<bigint | undefined> {
    for await (const { part } of followReconciliation(mesh.client.projector)) {
      if (part?.$case === 'totals') return part.value.findings;
    }
    return undefined;
  }

  async function verifiedBy(command: string): Promise<bigint | undefined> {
    const nobody = ['127.0.0.1:1'];
    const client = createBankClient({ command: [command], query: nobody, projector: nobody });
    try {
      for await (const { progress } of followVerification(client.eventLog)) {
        if (progress?.complete === true) return progress.findings;
      }
      return undefined;
    } finally {
      client.close();
    }
  }

  function errorsLogged(): string[] {
    return loggedErrors(mesh.logFiles()).filter((line) => !line.includes('"logger":"kafkajs"'));
  }
});

/** Versions of an account in the feed's order: 1, 2, 3, ... */
function gaps(told: readonly ToldEvent[]): string[] {
  const newest = new Map<string, bigint>();
  return told.flatMap(({ accountId, version }) => {
    const expected = (newest.get(accountId) ?? 0n) + 1n;
    newest.set(accountId, version);
    return version === expected ? [] : [`${accountId}: ${version} in the place of ${expected}`];
  });
}
