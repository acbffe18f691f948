/**
 * One run of the suite: a mesh, a load, strikes until the time is over, the end of the load, and
 * the judgement over all that was seen and stored. The mesh must also flow by Kafka alone again at
 * the end: what only the outbox feeds is not mended.
 */
import { retryWithBackoff } from '#platform/waiting.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { filledRecords } from '#test/support/ledger-check.ts';
import { seededRandom } from '#test/support/random.ts';
import { readEvents, readLogRecords } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';
import { openCanary, type Canary } from './canary.ts';
import { failOver } from './failover.ts';
import { checkHistory } from './history/check-history.ts';
import type { History } from './history/history.ts';
import { readStores } from './history/read-stores.ts';
import { newRecord, randomOf, type RunRecord } from './load/load.ts';
import { startLoad, type Load } from './load/start-load.ts';
import type { FaultyMesh } from './mesh/faulty-mesh.ts';
import type { FaultOptions } from './options.ts';
import type { Strike } from './schedule.ts';
import { strikeAll, type Struck } from './strikes.ts';

export type Run = {
  readonly struck: readonly Struck[];
  readonly record: RunRecord;
  readonly history: History;
  readonly problems: readonly string[];
};

const MINUTE_MS = 60_000;
const KAFKA_ALONE_MS = 120_000;
const CANARY_MS = 60_000;
const FEED_MS = 60_000;
const HOLDS_MS = 60_000;
const READ_RETRY = { firstMs: 500, maxMs: 2_000, attempts: 3 } as const;
const LOAD_ENDS_MS = 180_000;

export async function runFaults(
  mesh: FaultyMesh,
  { minutes, seed, failsOver }: FaultOptions,
  schedule: readonly Strike[],
  struck: Struck[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Run> {
  const record = newRecord();
  const canary = await openCanary(mesh, record, randomOf(seed, 301));
  const load = await startLoad(mesh, record, seed);
  const startedMs = performance.now();
  await canary.flows(CANARY_MS);
  say(`a canary takes ${secondsSince(startedMs)} s while nothing strikes`);
  const endsAtMs = performance.now() + minutes * MINUTE_MS;
  const striking = { mesh, canary, say, signal };
  await Promise.race([
    strikeAll(striking, schedule, endsAtMs, (one) => struck.push(one)),
    load.failed,
  ]);
  say('the load ends');
  await inTime('every client has its last answer', LOAD_ENDS_MS, load.stop());
  await untilKafkaAlone(mesh, canary, say);
  await untilHoldsHaveEnded(mesh);
  const held = await retryWithBackoff(READ_RETRY, async () => {
    await waitForProjection(mesh.stores);
    return readStores(mesh.stores);
  });
  await untilFed(load, held.events.length);
  const { bank } = load;
  const { tries, submissions, reads, lookups, totals, feed } = record;
  const history: History = { tries, submissions, reads, lookups, totals, feed, bank, ...held };
  const problems = [
    ...checkHistory(history, seededRandom(seed)),
    ...(await chainProblems(mesh, history)),
  ];
  if (failsOver && problems.length === 0) {
    const other = await openCanary(mesh, record, randomOf(seed, 302));
    problems.push(...(await failOver({ mesh, canary, other, history, say })));
  }
  return { struck, record, history, problems };
}

/** A canary for which no record was filled from the outbox. */
async function untilKafkaAlone(
  { stores }: FaultyMesh,
  canary: Canary,
  say: (line: string) => void,
): Promise<void> {
  const startedMs = performance.now();
  const flows = async (): Promise<boolean> => {
    const before = await filledRecords(stores);
    await canary.flows(CANARY_MS);
    return (await filledRecords(stores)) === before;
  };
  const tried = (): Promise<boolean> => flows().catch(() => false);
  await until('all flows by Kafka alone', tried, { timeoutMs: KAFKA_ALONE_MS, everyMs: 500 });
  say(`all flows by Kafka alone ${secondsSince(startedMs)} s after the end of the load`);
}

/** Nothing moves any more but what ends by time: then nothing moves at all. */
async function untilHoldsHaveEnded({ stores }: FaultyMesh): Promise<void> {
  const limited = 'select count(*) as holds from open_holds where expires_at is not null';
  const none = async (): Promise<boolean> => {
    const { rows } = await stores.eventStore.query<{ holds: bigint }>(limited);
    return rows[0]?.holds === 0n;
  };
  await until('every hold with an end has ended', none, { timeoutMs: HOLDS_MS });
}

/** The feed ends when it has brought what is stored, and a moment has brought nothing more. */
async function untilFed(load: Load, events: number): Promise<void> {
  const detail = (): string => `${load.fed()} of ${events} events`;
  await until('the event feed is at its end', () => load.fed() >= events, {
    timeoutMs: FEED_MS,
    detail,
  }).catch(() => undefined); // what is missing is for the checker to say
  await load.stopFeed();
}

/** Hashes, and that the table of events and the log hold the same bytes. */
async function chainProblems({ stores }: FaultyMesh, { events }: History): Promise<string[]> {
  const accounts = [...new Set(events.map(({ accountId }) => accountId))];
  const stored = await readEvents(stores, accounts);
  return checkEvents(stored, await readLogRecords(stores, accounts), []);
}

function secondsSince(startedMs: number): string {
  return ((performance.now() - startedMs) / 1000).toFixed(1);
}

async function inTime<T>(what: string, limitMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`waited ${limitMs} ms for: ${what}`));
  }, limitMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
