/**
 * What is wrong with the pipeline from the outbox to Kafka, from one look at Connect and at
 * PostgreSQL and what was seen before. Connect's word alone is not enough: it says RUNNING in front
 * of a slot that nobody reads. Pure: the clock comes in.
 */
import { WATCHDOG } from './config.ts';
import type { ConnectorStatus } from './connect-client.ts';
import type { Slot } from './sql/replication-slot.ts';

export type Look = {
  nowMs: number;
  /** 'unreachable' and 'missing' are for people, or for whoever starts Connect. */
  connector: ConnectorStatus | 'unreachable' | 'missing';
  slot: Slot | undefined;
};

/** Since when things have been as they are. */
export type Memory = { lsn: string; lsnSinceMs: number; inactiveSinceMs: number | undefined };

export type Diagnosis =
  { action: 'none' } | { action: 'drop-slot'; why: string } | { action: 'restart'; why: string };

export function newMemory(nowMs: number): Memory {
  return { lsn: '', lsnSinceMs: nowMs, inactiveSinceMs: undefined };
}

export function diagnose(look: Look, memory: Memory): Diagnosis {
  remember(look, memory);
  const { connector, slot, nowMs } = look;
  if (slot?.walStatus === 'lost') return { action: 'drop-slot', why: 'the slot has lost its WAL' };
  if (connector === 'unreachable' || connector === 'missing') return { action: 'none' };
  const failed = connector.tasks.find((task) => task.state === 'FAILED');
  if (failed !== undefined) return restart(`a task has failed: ${failed.trace}`);
  if (connector.connector === 'FAILED') return restart('the connector has failed');
  // Somebody has paused or stopped it on purpose.
  if (connector.connector !== 'RUNNING') return { action: 'none' };
  const inactiveMs = nowMs - (memory.inactiveSinceMs ?? nowMs);
  if (inactiveMs >= WATCHDOG.slotInactiveMs) {
    return restart(slot === undefined ? 'there is no slot' : 'nobody reads the slot');
  }
  if (nowMs - memory.lsnSinceMs >= WATCHDOG.slotStuckMs) return restart('the slot does not move');
  return { action: 'none' };
}

/** After a restart the connector gets all its time again. */
export function forget(memory: Memory, nowMs: number): void {
  memory.lsnSinceMs = nowMs;
  if (memory.inactiveSinceMs !== undefined) memory.inactiveSinceMs = nowMs;
}

function remember({ slot, nowMs }: Look, memory: Memory): void {
  memory.inactiveSinceMs = slot?.active === true ? undefined : (memory.inactiveSinceMs ?? nowMs);
  const lsn = slot?.confirmedLsn ?? '';
  if (lsn === memory.lsn && slot?.active === true) return;
  memory.lsn = lsn;
  memory.lsnSinceMs = nowMs;
}

function restart(why: string): Diagnosis {
  return { action: 'restart', why };
}
