/**
 * A rebuild of all that earlier runs have stored, with nothing else to do: how fast it fills its
 * tables, indexes and all, up to where the live projection is. Then it is dropped.
 */
import { unaryCall } from '#client/unary-call.ts';
import { sleep } from '#platform/waiting.ts';
import { RebuildState, type ProjectorServiceClient } from '#proto/bank/v1/projector_service.ts';
import { requireEqual } from '../check-failed.ts';
import { readLedger } from '../ledger-facts.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const POLL_MS = 20;
const COMPARED_MS = 600_000;

export const rebuild: Scenario = {
  name: 'rebuild',
  figures: ['rebuild'],
  run: async (context) => {
    for (let run = 0; run < context.plan.runs; run++) await rebuildOnce(context);
  },
};

async function rebuildOnce({ measured, samples, say }: ScenarioContext): Promise<void> {
  const { client, stores, signal } = measured.bank;
  const { projector } = client;
  const { events } = await readLedger(stores);
  const startedMs = performance.now();
  const { rebuild: begun } = await unaryCall(projector.startRebuild.bind(projector), {});
  const rebuildId = begun?.rebuildId ?? '';
  while ((await rebuiltEvents(stores.projectionStore)) < events) await sleep(POLL_MS, signal);
  const tookMs = performance.now() - startedMs;
  samples.add('rebuild.events_per_s', perSecond(Number(events), tookMs));
  const differences = await compared(projector, signal);
  const comparedMs = performance.now() - startedMs - tookMs;
  say(
    `${events} events in ${(tookMs / 1000).toFixed(1)} s, compared in ${comparedMs.toFixed(0)} ms`,
  );
  requireEqual('rows that differ', differences ?? -1n, 0n);
  await unaryCall(projector.dropRebuild.bind(projector), { rebuildId });
}

async function rebuiltEvents(
  pool: ScenarioContext['measured']['bank']['stores']['projectionStore'],
): Promise<bigint> {
  const { rows } = await pool.query<{ events: bigint }>(
    'select sum(events)::bigint as events from rebuild.projected_heads',
  );
  return rows[0]?.events ?? 0n;
}

async function compared(
  projector: ProjectorServiceClient,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const endsAtMs = performance.now() + COMPARED_MS;
  for (;;) {
    const { rebuild: seen } = await unaryCall(projector.getRebuild.bind(projector), {});
    if (seen?.state === RebuildState.REBUILD_STATE_CAUGHT_UP) return seen.differences;
    if (seen?.state !== RebuildState.REBUILD_STATE_RUNNING || performance.now() > endsAtMs) {
      throw new Error(`the rebuild does not catch up: ${seen?.message}`);
    }
    await sleep(POLL_MS, signal);
  }
}
