/**
 * The bulk path against everything that it is compared with, interleaved: one account that takes
 * all, Zipf and even spread, the PostgreSQL floor, single INSERTs, Emmett, unary deposits, empty
 * handlers. Each ratio is of runs side by side; the floor is the better one of its run beside it
 * and of its best with the machine to itself.
 */
import { byZipf, onOne, uniformly } from '../account-ids.ts';
import type { BulkTimes } from '../bulk-run.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import { measureCosts } from '../process-costs.ts';
import { PATHS } from '../raw-client.ts';
import { peersOf, type Scenario, type ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';
import { depositRequests, runUnary, sentDeposits } from '../unary-run.ts';

const SEED = 1;
const IN_FLIGHT = 64;
const IN_FLIGHT_HIGH = 256;
/** Distinct messages of a load; they are sent again and again. */
const MESSAGES_MAX = 150;

export const bulkRates: Scenario = {
  name: 'bulk rates and peers',
  needsPeers: true,
  figures: [
    'bulk.acknowledged_over_floor',
    'bulk.acknowledged_per_s',
    'bulk.stored_per_s',
    'bulk.hot_account_over_uniform',
    'bulk.zipf_over_uniform',
    'bulk.over_unary',
    'bulk.over_emmett',
    'bulk.over_insert',
    'bulk.one_item_messages_per_s',
    'unary',
    'floor',
    'insert',
    'emmett',
    'empty_handler',
    'cpu',
    'redis',
    'postgres',
  ],
  run: async (context) => {
    const loads = prepare(context);
    context.samples.add('floor.alone_per_s', peersOf(context).floorAlone);
    await warmUnary(context);
    for (let run = 0; run < context.plan.runs; run++) {
      const uniform = await uniformRun(context, loads.uniform);
      await unaryRuns(context, uniform);
      await otherSpreads(context, loads, uniform);
      await peerRuns(context, uniform);
    }
  },
};

type Loads = Record<'uniform' | 'hot' | 'zipf' | 'oneItem', readonly LoadMessage[]>;

function prepare({ plan, accounts }: ScenarioContext): Loads {
  const items = Math.min(plan.bulkItems, MESSAGES_MAX * plan.messageItems);
  const of = (spread: () => string) => depositMessages(spread, items, plan.messageItems);
  return {
    uniform: of(uniformly(accounts, SEED)),
    hot: of(onOne(accounts[0] ?? '')),
    zipf: of(byZipf(accounts, SEED)),
    oneItem: depositMessages(uniformly(accounts, SEED), plan.oneItemMessages, 1),
  };
}

async function uniformRun(
  { plan, measured, samples, say }: ScenarioContext,
  messages: readonly LoadMessage[],
): Promise<number> {
  const of: { times?: BulkTimes } = {};
  await measureCosts(measured.bank, samples, async () => {
    of.times = await measured.bulk('uniform', repeated(messages, plan.bulkItems));
    return of.times.items;
  });
  if (of.times === undefined) throw new Error('the run has no times');
  const { items, acknowledgedMs, storedMs } = of.times;
  const rate = perSecond(items, acknowledgedMs);
  samples.add('bulk.acknowledged_per_s', rate);
  samples.add('bulk.stored_per_s', perSecond(items, storedMs));
  say(`uniform: ${Math.round(rate)}/s acknowledged`);
  return rate;
}

async function otherSpreads(
  { plan, measured, samples }: ScenarioContext,
  { hot, zipf, oneItem }: Loads,
  uniform: number,
): Promise<void> {
  const rateOf = ({ items, acknowledgedMs }: BulkTimes) => perSecond(items, acknowledgedMs);
  const hotRun = await measured.bulk('hot', repeated(hot, plan.bulkItems));
  samples.add('bulk.hot_account_over_uniform', rateOf(hotRun) / uniform);
  const zipfRun = await measured.bulk('zipf', repeated(zipf, plan.bulkItems));
  samples.add('bulk.zipf_over_uniform', rateOf(zipfRun) / uniform);
  const oneItemRun = await measured.bulk('one-item', oneItem);
  samples.add('bulk.one_item_messages_per_s', rateOf(oneItemRun));
}

/** Bulk is warm by now; single calls and the empty handler are not. */
async function warmUnary(context: ScenarioContext): Promise<void> {
  await unaryDeposits(context, IN_FLIGHT);
  await emptyDeposits(context);
}

async function unaryRuns(context: ScenarioContext, uniform: number): Promise<void> {
  const { samples } = context;
  const at64 = await unaryDeposits(context, IN_FLIGHT);
  const empty = await emptyDeposits(context);
  const best = Math.max(at64, await unaryDeposits(context, IN_FLIGHT_HIGH));
  samples.add('unary.deposit_at_64_per_s', at64);
  samples.add('unary.deposit_per_s', best);
  samples.add('empty_handler.per_s', empty);
  samples.add('unary.deposit_over_empty_handler', at64 / empty);
  samples.add('bulk.over_unary', uniform / best);
}

/** Answers a second. */
async function unaryDeposits(context: ScenarioContext, inFlight: number): Promise<number> {
  const { plan, accounts, measured } = context;
  const requests = depositRequests(uniformly(accounts, SEED), plan.unaryCalls);
  return await measured.reconciled(async () => {
    const load = { path: PATHS.deposit, requests, inFlight };
    const run = await runUnary(measured.bank.command, load);
    return { result: run.perSecond, sent: sentDeposits(run.calls) };
  });
}

async function emptyDeposits(context: ScenarioContext): Promise<number> {
  const { plan, accounts } = context;
  const requests = depositRequests(uniformly(accounts, SEED), plan.unaryCalls);
  const load = { path: PATHS.deposit, requests, inFlight: IN_FLIGHT };
  return (await runUnary(peersOf(context).emptyHandler.client, load)).perSecond;
}

async function peerRuns(context: ScenarioContext, uniform: number): Promise<void> {
  const { samples } = context;
  const peers = peersOf(context);
  const floor = await peers.floor();
  const insert = await peers.insert();
  const emmett = await peers.emmett();
  samples.add('floor.per_s', floor);
  samples.add('insert.per_s', insert);
  samples.add('emmett.appends_per_s', emmett);
  samples.add('bulk.acknowledged_over_floor', uniform / Math.max(floor, peers.floorAlone));
  samples.add('bulk.over_insert', uniform / insert);
  samples.add('bulk.over_emmett', uniform / emmett);
}
