/**
 * Mends the pipeline from the outbox to Kafka while nobody looks: a failed or stuck connector is
 * restarted, with growing pauses; a slot that has lost its WAL is dropped, and the restart makes it
 * again; a connector that Connect has forgotten is given to it again. One replica at a time does it
 * (an advisory lock). Nothing depends on it but speed: the outbox feeds the projection meanwhile,
 * and what the new slot does not bring is filled by position.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { counter } from '#platform/telemetry.ts';
import { backoffMs } from '#platform/waiting.ts';
import { SLOT } from './config.ts';
import { putConnector, restartConnector } from './connect-client.ts';
import { WATCHDOG } from './pipeline-bounds.ts';
import { diagnose, forget } from './pipeline-diagnosis.ts';
import type { Diagnosis } from './pipeline-diagnosis.ts';
import { newMemory } from './pipeline-look.ts';
import type { Look, Memory } from './pipeline-look.ts';
import type { SessionLocks } from './session-locks.ts';
import { dropLostSlot } from './sql/drop-lost-slot.ts';

export type WatchdogContext = {
  eventStore: pg.Pool;
  /** On the event store: where the slot is. */
  locks: SessionLocks;
  connectUrl: string;
  /** undefined: a connector that is missing waits for people. */
  connectorFile: string | undefined;
  log: Logger;
  stopping: AbortSignal;
};

export type Watchdog = {
  /** Does what one look asks for, if this replica is the one that does. */
  mend(look: Look): Promise<void>;
};

const THE_LOCK = 1;
const restarts = counter(
  'bank.projector.connector_restarts',
  'Restarts of the connector by the watchdog.',
  '{restart}',
);
const slotsDropped = counter(
  'bank.projector.slots_dropped',
  'Replication slots without their WAL that the watchdog has dropped.',
  '{slot}',
);

type State = { memory: Memory; tries: number; nextTryMs: number; healthySinceMs: number };

export function createWatchdog(ctx: WatchdogContext): Watchdog {
  let state: State | undefined;
  return {
    async mend(look) {
      if (!(await ctx.locks.tryLock(THE_LOCK))) {
        state = undefined; // another replica watches
        return;
      }
      state ??= newState(look.nowMs);
      const diagnosis = diagnose(look, state.memory);
      if (diagnosis.action !== 'none') return act(ctx, look, diagnosis, state);
      if (look.nowMs - state.healthySinceMs >= WATCHDOG.healthyMs) state.tries = 0;
    },
  };
}

function newState(nowMs: number): State {
  return { memory: newMemory(nowMs), tries: 0, nextTryMs: 0, healthySinceMs: nowMs };
}

async function act(
  ctx: WatchdogContext,
  { nowMs, connector }: Look,
  { action, why }: Exclude<Diagnosis, { action: 'none' }>,
  state: State,
): Promise<void> {
  state.healthySinceMs = nowMs;
  if (action === 'drop-slot') {
    ctx.log.warn('Dropping the replication slot; the connector makes it again.', { why });
    if (!(await dropLostSlot(ctx.eventStore, SLOT))) return; // its reader ends first
    slotsDropped.add();
    if (typeof connector === 'string') return; // it is restarted when it can be reached
  }
  if (nowMs < state.nextTryMs) return;
  state.tries++;
  const pauses = { firstMs: WATCHDOG.restartFirstMs, maxMs: WATCHDOG.restartMaxMs };
  state.nextTryMs = nowMs + backoffMs(pauses, state.tries);
  if (action === 'put-connector') await putAgain(ctx, why, state.tries);
  else await restart(ctx, why, state.tries);
  forget(state.memory, nowMs);
}

async function restart(ctx: WatchdogContext, why: string, attempt: number): Promise<void> {
  ctx.log.warn('Restarting the connector.', { why, attempt });
  restarts.add();
  await restartConnector(ctx.connectUrl, ctx.stopping);
}

async function putAgain(ctx: WatchdogContext, why: string, attempt: number): Promise<void> {
  const { connectorFile: file } = ctx;
  if (file === undefined) {
    const then = 'set BANK_CONNECTOR_FILE, or give it to Connect';
    return ctx.log.error(`The connector is missing: ${then}.`, { attempt });
  }
  ctx.log.warn('Giving Connect its connector again.', { why, attempt, file });
  await putConnector(ctx.connectUrl, file, ctx.stopping);
}
