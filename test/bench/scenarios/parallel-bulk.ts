/**
 * Two command-svc on the same cores against one: two streams to random accounts at once, both to
 * one replica or one to each. What the second replica costs by what both must agree on.
 */
import { startReplica } from '../bank.ts';
import { runBulk, type BulkTimes } from '../bulk-run.ts';
import { uniformly } from '../account-ids.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import type { MeasuredBank } from '../measured-bank.ts';
import { RawClient } from '../raw-client.ts';
import type { Scenario } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const SEED = 4;

export const parallelBulk: Scenario = {
  name: 'two replicas',
  figures: ['bulk.two_replicas_over_one'],
  run: async ({ plan, measured, accounts, samples, say }) => {
    const { bank } = measured;
    const second = await startReplica(bank, 'command', 1, {
      BANK_COMMAND_CACHED_ACCOUNTS_MAX: String(plan.cachedAccountsMax),
    });
    const client = new RawClient(second.address);
    const loads = [SEED, SEED + 1].map((seed) => {
      const half = plan.replicaItems / 2;
      return depositMessages(uniformly(accounts, seed), half, plan.messageItems);
    });
    try {
      await twoStreams(measured, [client, client], loads, plan.warmUpItems / 2);
      for (let run = 0; run < plan.runs; run++) {
        const half = plan.replicaItems / 2;
        const toOne = () => twoStreams(measured, [bank.command, bank.command], loads, half);
        const toBoth = () => twoStreams(measured, [bank.command, client], loads, half);
        // Who goes first changes from run to run.
        const early = run % 2 === 0 ? await toOne() : undefined;
        const two = await toBoth();
        const one = early ?? (await toOne());
        say(`one replica ${Math.round(one)}/s, two ${Math.round(two)}/s`);
        samples.add('bulk.two_replicas_over_one', two / one);
      }
    } finally {
      client.close();
      await second.part.stop();
    }
  },
};

/** Items a second, from the first message to both `complete`. */
async function twoStreams(
  measured: MeasuredBank,
  clients: readonly RawClient[],
  loads: readonly (readonly LoadMessage[])[],
  itemsEach: number,
): Promise<number> {
  return await measured.reconciled(async () => {
    const runs: BulkTimes[] = await Promise.all(
      clients.map((command, n) =>
        runBulk(
          { ...measured.targets, command },
          {
            submissionId: measured.nextSubmissionId(`parallel-${n}`),
            messages: repeated(loads[n] ?? [], itemsEach),
          },
        ),
      ),
    );
    const items = runs.reduce((sum, run) => sum + run.items, 0);
    const amountMinor = runs.reduce((sum, run) => sum + run.amountMinor, 0n);
    const tookMs = Math.max(...runs.map((run) => run.acknowledgedMs));
    return { result: perSecond(items, tookMs), sent: { items, amountMinor }, submissions: runs };
  });
}
