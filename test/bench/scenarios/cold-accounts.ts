/**
 * A payroll's normal case: a million accounts, each touched once, of which command-svc has none in
 * its cache; against as many deposits to the warm accounts. The accounts are opened first, in bulk,
 * which is a figure of its own. A slice comes again only after more accounts than the cache holds.
 */
import { accountIds, inOrder, uniformly } from '../account-ids.ts';
import { depositMessages } from '../load-messages.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const SEED = 3;
/** Each opened, and later touched, in a stream of its own. */
const SLICES = 4;

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
    for (const ids of slices) await compare(context, ids);
  },
};

async function compare(context: ScenarioContext, ids: readonly string[]): Promise<void> {
  const { plan, measured, samples, accounts } = context;
  const coldMessages = depositMessages(inOrder(ids), ids.length, plan.messageItems);
  const warmMessages = depositMessages(uniformly(accounts, SEED), ids.length, plan.messageItems);
  await measured.bulk('warming', warmMessages.slice(0, warmingMessages(context)));
  const warm = await measured.bulk('warm', warmMessages);
  const cold = await measured.bulk('cold', coldMessages);
  const warmRate = perSecond(warm.items, warm.acknowledgedMs);
  const coldRate = perSecond(cold.items, cold.acknowledgedMs);
  samples.add('bulk.warm_per_s', warmRate);
  samples.add('bulk.cold_per_s', coldRate);
  samples.add('bulk.cold_over_warm', coldRate / warmRate);
}

/** Enough to bring all but a few of the warm accounts back into the cache. */
function warmingMessages({ plan }: ScenarioContext): number {
  return Math.ceil((4 * plan.warmAccounts) / plan.messageItems);
}

function slicesOf(ids: readonly string[]): (readonly string[])[] {
  const size = Math.ceil(ids.length / SLICES);
  return Array.from({ length: SLICES }, (_, n) => ids.slice(n * size, (n + 1) * size));
}
