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
  const { connector, facts, kafkaAway, nowMs } = look;
  if (facts === undefined) return { action: 'none' }; // without PostgreSQL nothing can flow
  const { slot } = facts;
  if (slot?.walStatus === 'lost') return { action: 'drop-slot', why: 'the slot has lost its WAL' };
  // Without Kafka a connector does nothing; it has all its time again when Kafka is back.
  if (kafkaAway) return wait(memory, nowMs);
  if (connector === 'missing') {
    const missingMs = nowMs - (memory.missingSinceMs ?? nowMs);
    forgetSlot(memory, nowMs);
    if (missingMs < WATCHDOG.connectorMissingMs) return { action: 'none' };
    return { action: 'put-connector', why: 'Connect does not know the connector' };
  }
  if (typeof connector === 'string') return wait(memory, nowMs);
  const failed = connector.tasks.find((task) => task.state === 'FAILED');
  if (failed !== undefined) return restart(`a task has failed: ${failed.trace}`);
  if (connector.connector === 'FAILED') return restart('the connector has failed');
  // On its way, or paused or stopped by somebody on purpose.
  if (connector.connector !== 'RUNNING') return wait(memory, nowMs);
  const inactiveMs = nowMs - (memory.inactiveSinceMs ?? nowMs);
  if (inactiveMs >= WATCHDOG.slotInactiveMs) {
    return restart(slot === undefined ? 'there is no slot' : 'nobody reads the slot');
  }
  if (nowMs - memory.lsnSinceMs >= WATCHDOG.slotStuckMs) return restart('the slot does not move');
  return { action: 'none' };
}

/** After a restart the connector gets all its time again. */
export function forget(memory: Memory, nowMs: number): void {
  forgetSlot(memory, nowMs);
  if (memory.missingSinceMs !== undefined) memory.missingSinceMs = nowMs;
}

function forgetSlot(memory: Memory, nowMs: number): void {
  memory.lsnSinceMs = nowMs;
  if (memory.inactiveSinceMs !== undefined) memory.inactiveSinceMs = nowMs;
}

/** What cannot work yet is not restarted, and its time begins when it can. */
function wait(memory: Memory, nowMs: number): Diagnosis {
  forget(memory, nowMs);
  return { action: 'none' };
}

function restart(why: string): Diagnosis {
  return { action: 'restart', why };
}
