/**
 * Random commands on two replicas, each answer held against a small model of the bank that is
 * written from the contract (test/support/bank-model.ts). A case that fails is shrunk, told as the
 * lines that were said, and can be run again by its seed and path. Some dozen runs here; `npm run
 * test:model` makes a thousand and wants to have been everywhere.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepsOfRun } from '#test/support/bank-model-arbitrary.ts';
import { branchProblems, countOf, table, type Counts } from '#test/support/bank-model-counts.ts';
import { shortened } from '#test/support/bank-model-shortened.ts';
import type { SentStep } from '#test/support/bank-model-steps.ts';
import { runSteps } from '#test/support/bank-model-run.ts';
import { startCommandReplicas, type CommandReplicas } from '#test/support/command-replicas.ts';
import { freshSeed } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const LONG_RUNS = Number(process.env['BANK_MODEL_RUNS'] ?? 0);
const RUNS = LONG_RUNS > 0 ? LONG_RUNS : 60;
/** Of a case that failed: it alone is run, and shrunk on from there. */
const PATH = process.env['BANK_MODEL_PATH'] ?? '';
/** Runs that go on at the same time: their commands meet in the same batches. */
const SIDE_BY_SIDE = PATH === '' ? 4 : 1;
const RUN_MS_MAX = 5_000;
const SHRINK_MS_MAX = 60_000;
const TIMEOUT_MS = RUNS * RUN_MS_MAX + 3 * SHRINK_MS_MAX;
/** From here on every branch of the model must have been reached. */
const RUNS_EVERYWHERE = 1_000;

/**
 * `shrunkAtMs`: when shrinking must end, once a case has failed; `over`: it has, and the runs beside
 * it end too.
 */
type Sum = { counts: Counts; runs: number; shrunkAtMs: number; over: boolean };

describe('the bank and its model', () => {
  let bank: CommandReplicas;
  beforeAll(async () => {
    bank = await startCommandReplicas();
  });
  afterAll(() => bank.close());

  test('say the same', { timeout: TIMEOUT_MS }, async () => {
    const sum: Sum = { counts: new Map(), runs: 0, shrunkAtMs: Infinity, over: false };
    const lines = Array.from({ length: SIDE_BY_SIDE }, () => checkRuns(sum));
    for (const line of await Promise.allSettled(lines)) {
      if (line.status === 'rejected') throw line.reason;
    }
    if (LONG_RUNS > 0) process.stdout.write(`${sum.runs} runs\n${table(sum.counts)}\n`);
    await endOfHolds(countOf(sum.counts, 'a hold that passed', 'waited for'));
    if (RUNS >= RUNS_EVERYWHERE) expect(branchProblems(sum.counts)).toEqual([]);
  });

  async function checkRuns(sum: Sum): Promise<void> {
    const property = fc.asyncProperty(stepsOfRun, async (steps) => {
      // Over, or shrunk for long enough: from here on nothing fails.
      if (sum.over || performance.now() > sum.shrunkAtMs) return;
      try {
        // What a case goes through while it is shrunk is not counted.
        const isShrunk = sum.shrunkAtMs < Infinity;
        await runSteps(bank, steps, isShrunk ? new Map() : sum.counts);
      } catch (error) {
        sum.shrunkAtMs = Math.min(sum.shrunkAtMs, performance.now() + SHRINK_MS_MAX);
        throw error;
      }
      sum.runs += 1;
    });
    const numRuns = Math.ceil(RUNS / SIDE_BY_SIDE);
    const seed = freshSeed();
    const path = PATH === '' ? {} : { path: PATH };
    const details = await fc.check(property, { seed, numRuns, unbiased: true, ...path });
    if (!details.failed) return;
    sum.over = true;
    const [steps] = details.counterexample ?? [[]];
    const fails = (fewer: readonly SentStep[]) => failureOf(fewer).then((said) => said !== '');
    const told = await failureOf(await shortened(steps, fails));
    const first = `it does not fail each time: ${String(details.errorInstance)}`;
    throw new Error(
      `after ${details.numRuns} runs:\n${told === '' ? first : told}\n` +
        `again: npm run test:model -- --seed ${seed} --path ${details.counterexamplePath}`,
    );
  }

  /** What is said of the steps when they fail. */
  async function failureOf(steps: readonly SentStep[]): Promise<string> {
    try {
      await runSteps(bank, steps, new Map());
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Each hold that has passed ends by one event, also where nobody needs its money. */
  async function endOfHolds(passed: number): Promise<void> {
    const { eventStore } = bank.databases;
    await until('passed holds have ended', async () => {
      const sql = 'select 1 from open_holds where expires_at <= now() limit 1';
      return (await eventStore.query(sql)).rowCount === 0;
    });
    const { rows } = await eventStore.query<{ n: bigint }>(
      'select count(*) as n from events where type = 9',
    );
    expect(rows).toEqual([{ n: BigInt(passed) }]);
  }
});
