/**
 * One look at the pipeline from the log to the projection: the slot and the heartbeat in
 * PostgreSQL, the connector in Connect, the consumer's lag in Kafka, and what the projection has
 * put aside. Whoever cannot be asked is part of what was seen; a look never fails.
 */
import type pg from 'pg';
import type { ConsumerLag } from '#platform/consumer-lag.ts';
import { SLOT } from './config.ts';
import { readConnectorStatus } from './connect-client.ts';
import type { ConnectorStatus } from './connect-client.ts';
import type { Check } from './health-state.ts';
import { countKept } from './sql/count-kept.ts';
import type { ParkedCounts } from './sql/park-accounts.ts';
import { readPipelineFacts } from './sql/read-pipeline-facts.ts';
import type { PipelineFacts } from './sql/read-pipeline-facts.ts';

/** 'not-watched': there is no Connect to ask. */
export type ConnectorSeen = ConnectorStatus | 'unreachable' | 'missing' | 'not-watched';

export type LagSeen = ConsumerLag | 'unreachable' | 'unknown' | 'no-topic' | 'not-asked-yet';

export type Look = {
  nowMs: number;
  at: Date;
  /** undefined: PostgreSQL could not be asked. */
  facts: PipelineFacts | undefined;
  connector: ConnectorSeen;
  /** What is parked and kept now; undefined: the projection store could not be asked. */
  parked: ParkedCounts | undefined;
  /** When it was asked last. */
  kafkaAway: boolean;
};

/** What was seen last, and what it means. */
export type PipelineSnapshot = {
  /** undefined: nobody has looked yet. */
  look: Look | undefined;
  lag: LagSeen;
  /** None while not all was looked at. */
  checks: readonly Check[];
};

/** Since when things have been as they are. */
export type Memory = {
  lsn: string;
  lsnSinceMs: number;
  inactiveSinceMs: number | undefined;
  missingSinceMs: number | undefined;
  /** There has never been a heartbeat: Debezium writes its first some seconds after its start. */
  noHeartbeatSinceMs: number | undefined;
};

export type LookContext = {
  eventStore: pg.Pool;
  /** The projection store, with a short time for an answer. */
  watching: pg.Pool;
  /** undefined: no Connect to watch. */
  connectUrl: string | undefined;
  stopping: AbortSignal;
};

export async function lookAtPipeline(ctx: LookContext, lag: LagSeen): Promise<Look> {
  const { connectUrl, stopping } = ctx;
  const [facts, parked, connector] = await Promise.all([
    readPipelineFacts(ctx.eventStore, SLOT).catch(() => undefined),
    countKept(ctx.watching).catch(() => undefined),
    connectUrl === undefined
      ? ('not-watched' as const)
      : readConnectorStatus(connectUrl, stopping).then(
          (status) => status ?? ('missing' as const),
          () => 'unreachable' as const, // whoever started Connect starts it again
        ),
  ]);
  const kafkaAway = lag === 'unreachable';
  return { nowMs: performance.now(), at: new Date(), facts, connector, parked, kafkaAway };
}

export function newMemory(nowMs: number): Memory {
  const since = { inactiveSinceMs: undefined, missingSinceMs: undefined };
  return { lsn: '', lsnSinceMs: nowMs, ...since, noHeartbeatSinceMs: undefined };
}

/** What a look says of what lasts; one that could not ask PostgreSQL says nothing of the slot. */
export function remember({ facts, connector, nowMs }: Look, memory: Memory): void {
  memory.missingSinceMs = connector === 'missing' ? (memory.missingSinceMs ?? nowMs) : undefined;
  if (facts === undefined) return;
  const { slot, heartbeatAgeMs } = facts;
  memory.noHeartbeatSinceMs =
    heartbeatAgeMs === undefined ? (memory.noHeartbeatSinceMs ?? nowMs) : undefined;
  memory.inactiveSinceMs = slot?.active === true ? undefined : (memory.inactiveSinceMs ?? nowMs);
  const lsn = slot?.confirmedLsn ?? '';
  if (lsn === memory.lsn && slot?.active === true) return;
  memory.lsn = lsn;
  memory.lsnSinceMs = nowMs;
}
