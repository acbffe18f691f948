/**
 * A payroll's normal case: a million accounts, each touched once, of which command-svc has none in
 * its cache; against as many deposits to the warm accounts. The accounts are opened first, in bulk,
 * which is a figure of its own. A slice comes again only after more accounts than the cache holds.
 */
import { eventReadLines, eventReads } from '#test/support/load-plan.ts';
import { accountIds, inOrder, uniformly } from '../account-ids.ts';
import type { BulkTimes } from '../bulk-run.ts';
import { depositMessages, type LoadMessage } from '../load-messages.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const SEED = 3;
/** Each opened, and later touched, in a stream of its own. */
const SLICES = 4;
/** A batch of bulk mode. */
const EXPLAINED_ACCOUNTS = 5_000;

export const coldAccounts: Scenario = {
  name: 'cold accounts',
  figures: [
    'bulk.cold_over_warm',
    'bulk.cold_per_s',
    'bulk.warm_per_s',
    'open_accounts.acknowledged_per_s',
  ],
  run: async (context) => {
    const { plan, measured, samples } = context;
    const slices = slicesOf(accountIds(SEED, plan.coldAccounts));
    for (const ids of slices) {
      const { items, acknowledgedMs } = await measured.open(ids, plan.messageItems);
      samples.add('open_accounts.acknowledged_per_s', perSecond(items, acknowledgedMs));
    }
    await sayReads(context, slices[0] ?? []);
    for (const ids of slices) await compare(context, ids);
  },
};

async function compare(context: ScenarioContext, ids: readonly string[]): Promise<void> {
  const { plan, measured, samples, accounts } = context;
  const coldMessages = depositMessages(inOrder(ids), ids.length, plan.messageItems);
  const warmMessages = depositMessages(uniformly(accounts, SEED), ids.length, plan.messageItems);
  await measured.bulk('warming', warmMessages.slice(0, warmingMessages(context)));
  const warm = await bulkWithCpu(context, 'warm', warmMessages);
  const cold = await bulkWithCpu(context, 'cold', coldMessages);
  const warmRate = perSecond(warm.items, warm.acknowledgedMs);
  const coldRate = perSecond(cold.items, cold.acknowledgedMs);
  samples.add('bulk.warm_per_s', warmRate);
  samples.add('bulk.cold_per_s', coldRate);
  samples.add('bulk.cold_over_warm', coldRate / warmRate);
}

/** Rates depend on who else is on the machine; what an item costs command-svc hardly does. */
async function bulkWithCpu(
  { measured, say }: ScenarioContext,
  name: string,
  messages: readonly LoadMessage[],
): Promise<BulkTimes> {
  const cpuMs = () => measured.bank.mesh.services.command.reduce((ms, one) => ms + one.cpuMs(), 0);
  const before = cpuMs();
  const run = await measured.bulk(name, messages);
  const us = ((cpuMs() - before) * 1000) / run.items;
  const rate = Math.round(perSecond(run.items, run.acknowledgedMs));
  say(`${name}: ${rate}/s, ${us.toFixed(1)} us of command-svc an item`);
  return run;
}

/** What a batch of cold accounts reads, by EXPLAIN of the service's own statement. */
async function sayReads({ measured, say }: ScenarioContext, ids: readonly string[]): Promise<void> {
  const { eventStore } = measured.bank.stores;
  const asked = ids.slice(0, EXPLAINED_ACCOUNTS);
  const { searches, rows, pages } = await eventReads(eventStore, asked);
  say(`load of ${asked.length} cold accounts: ${searches} descents, ${rows} rows, ${pages} pages`);
  for (const line of await eventReadLines(eventStore, asked)) say(`  ${line.trim()}`);
}

/** Enough to bring all but a few of the warm accounts back into the cache. */
function warmingMessages({ plan }: ScenarioContext): number {
  return Math.ceil((4 * plan.warmAccounts) / plan.messageItems);
}

function slicesOf(ids: readonly string[]): (readonly string[])[] {
  const size = Math.ceil(ids.length / SLICES);
  return Array.from({ length: SLICES }, (_, n) => ids.slice(n * size, (n + 1) * size));
}
