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
const SIDE_BY_SIDE = 4;
const RUN_MS_MAX = 5_000;
const SHRINK_MS_MAX = 30_000;
const TIMEOUT_MS = RUNS * RUN_MS_MAX + 10 * SHRINK_MS_MAX;
/** From here on every branch of the model must have been reached. */
const RUNS_EVERYWHERE = 1_000;

type Sum = { counts: Counts; runs: number; failed: Failed[] };
/** Where a case that failed comes from. */
type Failed = { seed: number; path: string; said: string };

describe('the bank and its model', () => {
  let bank: CommandReplicas;
  beforeAll(async () => {
    bank = await startCommandReplicas();
  });
  afterAll(() => bank.close());

  test('say the same', { timeout: TIMEOUT_MS }, async () => {
    const sum: Sum = { counts: new Map(), runs: 0, failed: [] };
    if (PATH === '') {
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => checkRuns(sum)));
    } else sum.failed.push({ seed: freshSeed(), path: PATH, said: '' });
    const said = await explained(sum.failed);
    if (said !== '') throw new Error(said);
    if (LONG_RUNS > 0) process.stdout.write(`${sum.runs} runs\n${table(sum.counts)}\n`);
    await endOfHolds(countOf(sum.counts, 'a hold that passed', 'waited for'));
    if (RUNS >= RUNS_EVERYWHERE) expect(branchProblems(sum.counts)).toEqual([]);
  });

  /** Ends at the first failure, also one of the runs beside it. */
  async function checkRuns(sum: Sum): Promise<void> {
    const property = fc.asyncProperty(stepsOfRun, async (steps) => {
      if (sum.failed.length > 0) return;
      await runSteps(bank, steps, sum.counts);
      sum.runs += 1;
    });
    const numRuns = Math.ceil(RUNS / SIDE_BY_SIDE);
    const seed = freshSeed();
    const plugins = [fc.unbiased()];
    const details = await fc.check(property, { seed, numRuns, plugins, endOnFailure: true });
    if (!details.failed) return;
    const path = details.counterexamplePath ?? '';
    sum.failed.push({ seed, path, said: messageOf(details.errorInstance) });
  }

  /**
   * The first case that fails alone too, made short: one that fails takes those down that are in a
   * batch with it.
   */
  async function explained(failed: readonly Failed[]): Promise<string> {
    for (const { seed, path } of failed) {
      const endMs = performance.now() + SHRINK_MS_MAX;
      let steps: readonly SentStep[] = [];
      let said = '';
      const property = fc.asyncProperty(stepsOfRun, async (tried) => {
        // Shrunk for long enough: from here on nothing fails.
        const failure = performance.now() < endMs ? await failureOf(tried) : '';
        if (failure === '') return;
        [steps, said] = [tried, failure];
        throw new Error(failure);
      });
      const plugins = [fc.unbiased()];
      const { failed: isFound } = await fc.check(property, { seed, path, numRuns: 1, plugins });
      if (!isFound) continue;
      const fails = async (fewer: readonly SentStep[]) => (await failureOf(fewer)) !== '';
      const shortest = await failureOf(await shortened(steps, fails));
      const command = `npm run test:model -- --seed ${seed} --path ${path}`;
      return `${shortest === '' ? said : shortest}\nagain: ${command}`;
    }
    const said = failed[0]?.said ?? '';
    return said === '' ? '' : `it fails only beside others:\n${said}`;
  }

  /** What is said of the steps when they fail. */
  async function failureOf(steps: readonly SentStep[]): Promise<string> {
    try {
      await runSteps(bank, steps, new Map());
      return '';
    } catch (error) {
      return messageOf(error);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
