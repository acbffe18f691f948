/**
 * The event feed: how fast it tells the history of what earlier runs have stored, and how soon a
 * live one tells a deposit, on the replica that has stored it and on another.
 */
import { createLatencies } from '#deploy/demo/latencies.ts';
import { uniformly } from '../account-ids.ts';
import { startReplica } from '../bank.ts';
import { requireEqual } from '../check-failed.ts';
import { catchUp, countEvents, decodeEvents, openFeed, type ReadMessage } from '../feed-run.ts';
import { readLedger } from '../ledger-facts.ts';
import { PATHS, RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';
import { depositRequests, sentDeposits } from '../unary-run.ts';

const SEED = 6;
const MEDIAN = 0.5;

export const eventFeed: Scenario = {
  name: 'event feed',
  figures: ['feed'],
  run: async (context) => {
    const { plan, measured } = context;
    const second = await startReplica(measured.bank, 'command', 1, {});
    const other = new RawClient(second.address);
    try {
      await catchUp(measured.bank.command, countEvents); // compiled
      for (let run = 0; run < plan.runs; run++) {
        await history(context, countEvents, 'feed.catch_up_events_per_s');
        await history(context, decodeEvents, 'feed.catch_up_decoded_events_per_s');
        await live(context, measured.bank.command, 'feed.live_p50_ms');
        await live(context, other, 'feed.live_other_replica_p50_ms');
      }
    } finally {
      other.close();
      await second.part.stop();
    }
  },
};

async function history(
  { measured, samples }: ScenarioContext,
  read: ReadMessage,
  figure: string,
): Promise<void> {
  const { command, stores } = measured.bank;
  const { events: stored } = await readLedger(stores);
  const { events, tookMs } = await catchUp(command, read);
  requireEqual('events told', BigInt(events), stored);
  samples.add(figure, perSecond(events, tookMs));
}

/** From the call to its event, one at a time. */
async function live(
  { plan, measured, accounts, samples, say }: ScenarioContext,
  follower: RawClient,
  figure: string,
): Promise<void> {
  const requests = depositRequests(uniformly(accounts, SEED), plan.idleCalls);
  const latencies = createLatencies();
  const storedLatencies = createLatencies();
  let arrived = Promise.withResolvers<void>();
  const start = { $case: 'fromNow', value: true } as const;
  const feed = openFeed(follower, { start }, countEvents, () => arrived.resolve());
  await feed.caughtUp;
  await measured.reconciled(async () => {
    for (const request of requests) {
      arrived = Promise.withResolvers<void>();
      const sentMs = performance.now();
      const stored = measured.bank.command.unary(PATHS.deposit, request);
      const timed = stored.then(() => storedLatencies.add(performance.now() - sentMs, 1));
      await Promise.all([timed, arrived.promise]);
      latencies.add(performance.now() - sentMs, 1);
    }
    return { result: undefined, sent: sentDeposits(requests.length) };
  });
  feed.cancel();
  const storedMs = storedLatencies.percentile(MEDIAN);
  say(`${figure}: the receipt came after ${storedMs.toFixed(1)} ms (p50)`);
  samples.add(figure, latencies.percentile(MEDIAN));
}
