/**
 * What the watch sees, as metrics: a state for each check, and the numbers behind them. Each
 * replica tells what it has seen itself.
 */
import { gauge } from '#platform/telemetry.ts';
import { STATES } from './health-state.ts';
import type { Check } from './health-state.ts';
import type { PipelineSnapshot } from './pipeline-look.ts';

const states = gauge(
  'bank.pipeline.state',
  'State of a check of the pipeline: 0 ok, 1 warning, 2 unknown, 3 failing.',
  '{state}',
  ['check'],
);
const slotActive = gauge(
  'bank.pipeline.slot.active',
  'Whether a process reads the replication slot: 0 or 1.',
  '{slot}',
);
const retained = gauge(
  'bank.pipeline.slot.retained',
  'WAL that is kept for the replication slot.',
  'By',
);
const retainedMax = gauge(
  'bank.pipeline.slot.retained.max',
  'WAL that may be kept for it; not told while there is no limit.',
  'By',
);
const heartbeatAge = gauge(
  'bank.pipeline.heartbeat.age',
  'Age of the newest heartbeat of Debezium.',
  's',
);
const tasksRunning = gauge(
  'bank.pipeline.tasks.running',
  'Tasks of the connector that run.',
  '{task}',
);
const consumerLag = gauge(
  'bank.pipeline.consumer.lag',
  'Records in Kafka that the consumer group has not committed.',
  '{record}',
);
const parkedNow = gauge(
  'bank.projector.parked_accounts.now',
  'Accounts that are parked now.',
  '{account}',
);
const lettersNow = gauge(
  'bank.projector.dead_letters.now',
  'Dead letters that are kept now.',
  '{letter}',
);
const MS_PER_SECOND = 1_000;

export function tellMetrics({ look, lag, checks }: PipelineSnapshot): void {
  tellStates(checks);
  if (typeof lag !== 'string') consumerLag.set(Number(lag.records));
  if (look === undefined) return;
  const { facts, connector, parked } = look;
  if (parked !== undefined) {
    parkedNow.set(Number(parked.accounts));
    lettersNow.set(Number(parked.letters));
  }
  if (typeof connector !== 'string') {
    tasksRunning.set(connector.tasks.filter((task) => task.state === 'RUNNING').length);
  }
  if (facts === undefined) return;
  slotActive.set(facts.slot?.active === true ? 1 : 0);
  retained.set(Number(facts.slot?.retainedBytes ?? 0n));
  if (facts.retainedBytesMax !== undefined) retainedMax.set(Number(facts.retainedBytesMax));
  if (facts.heartbeatAgeMs !== undefined) {
    heartbeatAge.set(Number(facts.heartbeatAgeMs) / MS_PER_SECOND);
  }
}

export function tellStates(checks: readonly Check[]): void {
  for (const { name, state } of checks) states.set(STATES.indexOf(state), { check: name });
}
