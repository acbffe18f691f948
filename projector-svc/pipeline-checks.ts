/**
 * What is looked at in the pipeline, each thing against its thresholds: the slot, the WAL that is
 * kept for it, the connector and its tasks, the heartbeat, the consumer's lag; and of the
 * projection what the outbox feeds, how late it is, what has stopped. Pure. The thresholds stand in
 * pipeline-bounds.ts.
 */
import { SLOT } from './config.ts';
import { connectorCheck, tasksCheck } from './connector-checks.ts';
import { measured, stateOnly } from './health-state.ts';
import type { Check } from './health-state.ts';
import { PIPELINE, WATCHDOG } from './pipeline-bounds.ts';
import type { LagSeen, Look, Memory } from './pipeline-look.ts';
import type { ParkedCounts } from './sql/park-accounts.ts';

export type PipelineSeen = {
  look: Look;
  memory: Memory;
  lag: Exclude<LagSeen, 'not-asked-yet'>;
  partitionCount: number;
};

export function pipelineChecks({ look, memory, lag, partitionCount }: PipelineSeen): Check[] {
  const { connector } = look;
  const watched = connector !== 'not-watched';
  return [
    slotCheck(look, memory),
    retainedCheck(look),
    ...(watched ? [connectorCheck(connector), tasksCheck(connector)] : []),
    heartbeatCheck(look, memory),
    lagCheck(lag, partitionCount),
  ];
}

/** Of the projection, as it is now. */
export type ProjectionSeen = { lagMs: bigint; stopped: number; fedByOutbox: number };

export function projectionChecks({ lagMs, stopped, fedByOutbox }: ProjectionSeen): Check[] {
  const fed =
    fedByOutbox === 0 ? 'none' : `${fedByOutbox} fed from the outbox: Kafka brings nothing`;
  const late = lagMs === 0n ? 'nothing waits' : 'the oldest record that waits';
  const alarms = stopped === 0 ? 'none has stopped' : `${stopped} stopped: see their alarms`;
  return [
    measured('outbox_feed', fed, {
      value: BigInt(fedByOutbox),
      limits: PIPELINE.outboxFeed,
      unit: 'partitions',
    }),
    measured('projection_lag', late, { value: lagMs, limits: PIPELINE.lag, unit: 'ms' }),
    measured('partitions', alarms, {
      value: BigInt(stopped),
      limits: PIPELINE.stopped,
      unit: 'partitions',
    }),
  ];
}

/** Accounts that are not shown as they are, until a dead letter is retried. */
export function parkedCheck(parked: ParkedCounts | undefined): Check {
  const name = 'parked_accounts';
  if (parked === undefined) return unasked(name, 'projection store');
  const { accounts: value, letters } = parked;
  const message = letters === 0n ? 'no dead letters' : `dead letters: ${letters}`;
  return measured(name, message, { value, limits: PIPELINE.parked, unit: 'accounts' });
}

function slotCheck({ facts, nowMs }: Look, memory: Memory): Check {
  if (facts === undefined) return unasked('slot');
  const { slot } = facts;
  if (slot?.walStatus === 'lost') return stateOnly('slot', 'failing', `${SLOT} has lost its WAL`);
  const idleMs = Math.round(nowMs - (memory.inactiveSinceMs ?? nowMs));
  if (slot?.active !== true) {
    const what = slot === undefined ? `there is no slot ${SLOT}` : `nobody reads ${SLOT}`;
    return measured('slot', what, { value: BigInt(idleMs), limits: PIPELINE.slotIdle, unit: 'ms' });
  }
  if (nowMs - memory.lsnSinceMs >= WATCHDOG.slotStuckMs) {
    return stateOnly('slot', 'failing', `${SLOT} is read, and does not move`);
  }
  const running = slot.walStatus !== 'unreserved';
  return stateOnly('slot', running ? 'ok' : 'warning', `${SLOT} is read, ${slot.walStatus}`);
}

function retainedCheck({ facts }: Look): Check {
  if (facts === undefined) return unasked('retained_wal');
  const { slot, retainedBytesMax: max } = facts;
  const value = slot?.retainedBytes ?? 0n;
  if (max === undefined) {
    const why = 'max_slot_wal_keep_size is not set: a dead Connect fills the disk';
    return { ...stateOnly('retained_wal', 'warning', why), value, unit: 'bytes' };
  }
  const part = (percent: bigint): bigint => (max * percent) / 100n;
  const { warningPercent, failingPercent } = PIPELINE.retained;
  const limits = { warning: part(warningPercent), failing: part(failingPercent) };
  return measured('retained_wal', 'kept for the slot', { value, limits, unit: 'bytes' });
}

/** Where there was never one, by how long it has been waited for. */
function heartbeatCheck({ facts, nowMs }: Look, { noHeartbeatSinceMs }: Memory): Check {
  if (facts === undefined) return unasked('heartbeat');
  const { heartbeatAgeMs } = facts;
  const what = heartbeatAgeMs === undefined ? 'there was never one' : 'since the newest';
  const waitedMs = BigInt(Math.round(nowMs - (noHeartbeatSinceMs ?? nowMs)));
  const value = heartbeatAgeMs ?? waitedMs;
  return measured('heartbeat', what, { value, limits: PIPELINE.heartbeat, unit: 'ms' });
}

function lagCheck(lag: PipelineSeen['lag'], partitionCount: number): Check {
  const name = 'consumer_lag';
  if (lag === 'unreachable') return stateOnly(name, 'failing', 'Kafka cannot be reached');
  if (lag === 'unknown') return stateOnly(name, 'unknown', 'Kafka is there, and does not tell it');
  if (lag === 'no-topic') {
    return stateOnly(name, 'failing', 'there is no topic: run npm run db:setup');
  }
  const { partitions, records } = lag;
  if (partitions !== partitionCount) {
    const counts = `the topic has ${partitions} partitions, the ledger ${partitionCount}`;
    return stateOnly(name, 'failing', counts);
  }
  const limits = PIPELINE.consumerLag;
  return measured(name, 'in Kafka, not committed', { value: records, limits, unit: 'records' });
}

function unasked(name: string, store = 'event store'): Check {
  return stateOnly(name, 'unknown', `the ${store} cannot be reached`);
}
