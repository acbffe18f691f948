/**
 * A rebuild of all that earlier runs have stored, with nothing else to do: how fast it fills its
 * tables, indexes and all, up to where the live projection is. Then it is dropped.
 */
import { unaryCall } from '#client/unary-call.ts';
import { requireEqual } from '../check-failed.ts';
import { readLedger } from '../ledger-facts.ts';
import { compared, filled, startRebuild } from '../rebuild-run.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

export const rebuild: Scenario = {
  name: 'rebuild',
  figures: ['rebuild'],
  run: async (context) => {
    for (let run = 0; run < context.plan.runs; run++) await rebuildOnce(context);
  },
};

async function rebuildOnce({ measured, samples, say }: ScenarioContext): Promise<void> {
  const { client, stores } = measured.bank;
  const { projector } = client;
  const { events } = await readLedger(stores);
  const startedMs = performance.now();
  const rebuildId = await startRebuild(projector);
  await filled(measured, events);
  const tookMs = performance.now() - startedMs;
  samples.add('rebuild.events_per_s', perSecond(Number(events), tookMs));
  const differences = await compared(measured);
  const comparedMs = performance.now() - startedMs - tookMs;
  say(
    `${events} events in ${(tookMs / 1000).toFixed(1)} s, compared in ${comparedMs.toFixed(0)} ms`,
  );
  requireEqual('rows that differ', differences, 0n);
  await unaryCall(projector.dropRebuild.bind(projector), { rebuildId });
}
