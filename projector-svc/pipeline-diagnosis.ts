/**
 * What is to be done about the pipeline from the outbox to Kafka, from one look and what was seen
 * before. Connect's word alone is not enough: it says RUNNING in front of a slot that nobody reads.
 * Pure: the clock comes in.
 */
import { WATCHDOG } from './pipeline-bounds.ts';
import { remember } from './pipeline-look.ts';
import type { Look, Memory } from './pipeline-look.ts';

export type Diagnosis =
  | { action: 'none' }
  | { action: 'drop-slot'; why: string }
  | { action: 'restart'; why: string }
  | { action: 'put-connector'; why: string };

export function diagnose(look: Look, memory: Memory): Diagnosis {
  remember(look, memory);
  const { connector, facts, nowMs } = look;
  if (facts === undefined) return { action: 'none' }; // without PostgreSQL nothing can flow
  const { slot } = facts;
  if (slot?.walStatus === 'lost') return { action: 'drop-slot', why: 'the slot has lost its WAL' };
  if (connector === 'missing') {
    const missingMs = nowMs - (memory.missingSinceMs ?? nowMs);
    if (missingMs < WATCHDOG.connectorMissingMs) return { action: 'none' };
    return { action: 'put-connector', why: 'Connect does not know the connector' };
  }
  if (typeof connector === 'string') return { action: 'none' };
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
  if (memory.missingSinceMs !== undefined) memory.missingSinceMs = nowMs;
}

function restart(why: string): Diagnosis {
  return { action: 'restart', why };
}
