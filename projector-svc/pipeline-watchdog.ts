/**
 * Mends the pipeline from the outbox to Kafka while nobody looks: a failed or stuck connector is
 * restarted, with growing pauses; a slot that has lost its WAL is dropped, and the restart makes it
 * again. One replica at a time does it (an advisory lock). Nothing depends on it but speed: the
 * outbox feeds the projection meanwhile, and what the new slot does not bring is filled by
 * position.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { counter } from '#platform/telemetry.ts';
import { backoffMs, sleep } from '#platform/waiting.ts';
import { SLOT, WATCHDOG } from './config.ts';
import { readConnectorStatus, restartConnector } from './connect-client.ts';
import { diagnose, forget, newMemory } from './pipeline-diagnosis.ts';
import type { Look, Memory } from './pipeline-diagnosis.ts';
import type { SessionLocks } from './session-locks.ts';
import { dropLostSlot, readSlot } from './sql/replication-slot.ts';

export type WatchdogContext = {
  eventStore: pg.Pool;
  /** On the event store: where the slot is. */
  locks: SessionLocks;
  connectUrl: string;
  log: Logger;
  stopping: AbortSignal;
};

const THE_LOCK = 1;
const restarts = counter(
  'bank.projector.connector_restarts',
  'Restarts of the connector by the watchdog.',
);

type State = { memory: Memory; restarts: number; nextRestartMs: number; healthySinceMs: number };

/** Runs until the process stops. */
export async function watchPipeline(ctx: WatchdogContext): Promise<void> {
  let state: State | undefined;
  while (!ctx.stopping.aborted) {
    try {
      await sleep(WATCHDOG.everyMs, ctx.stopping);
      if (!(await ctx.locks.tryLock(THE_LOCK))) {
        state = undefined; // another replica watches
        continue;
      }
      state ??= newState(performance.now());
      await mend(ctx, await look(ctx), state);
    } catch (error) {
      if (!ctx.stopping.aborted) ctx.log.warn('Could not look after the pipeline.', { err: error });
    }
  }
}

function newState(nowMs: number): State {
  return { memory: newMemory(nowMs), restarts: 0, nextRestartMs: 0, healthySinceMs: nowMs };
}

async function look(ctx: WatchdogContext): Promise<Look> {
  const [slot, connector] = await Promise.all([
    readSlot(ctx.eventStore, SLOT),
    readConnectorStatus(ctx.connectUrl).then(
      (status) => status ?? ('missing' as const),
      () => 'unreachable' as const, // whoever started Connect starts it again
    ),
  ]);
  return { nowMs: performance.now(), connector, slot };
}

async function mend(ctx: WatchdogContext, seen: Look, state: State): Promise<void> {
  const { nowMs } = seen;
  const diagnosis = diagnose(seen, state.memory);
  if (diagnosis.action === 'none') {
    if (nowMs - state.healthySinceMs >= WATCHDOG.healthyMs) state.restarts = 0;
    return;
  }
  state.healthySinceMs = nowMs;
  if (diagnosis.action === 'drop-slot') {
    ctx.log.warn('Dropping the replication slot; the connector makes it again.', {
      why: diagnosis.why,
    });
    if (!(await dropLostSlot(ctx.eventStore, SLOT))) return; // its reader ends first
    if (typeof seen.connector === 'string') return; // it is restarted when it can be reached
  }
  if (nowMs < state.nextRestartMs) return;
  state.restarts++;
  state.nextRestartMs =
    nowMs +
    backoffMs({ firstMs: WATCHDOG.restartFirstMs, maxMs: WATCHDOG.restartMaxMs }, state.restarts);
  ctx.log.warn('Restarting the connector.', { why: diagnosis.why, attempt: state.restarts });
  restarts.add();
  await restartConnector(ctx.connectUrl);
  forget(state.memory, nowMs);
}
