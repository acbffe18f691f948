/** A rebuild as the scenarios follow it: started, filled, compared. */
import { unaryCall } from '#client/unary-call.ts';
import { sleep } from '#platform/waiting.ts';
import { RebuildState, type ProjectorServiceClient } from '#proto/bank/v1/projector_service.ts';
import type { MeasuredBank } from './measured-bank.ts';

const POLL_MS = 20;
const COMPARED_MS = 600_000;

/** Answers its id. */
export async function startRebuild(projector: ProjectorServiceClient): Promise<string> {
  const { rebuild } = await unaryCall(projector.startRebuild.bind(projector), {});
  return rebuild?.rebuildId ?? '';
}

/** Resolves when so many events have been applied to it. */
export async function filled({ bank }: MeasuredBank, events: bigint): Promise<void> {
  const applied = async (): Promise<bigint> => {
    const { rows } = await bank.stores.projectionStore.query<{ events: bigint }>(
      'select sum(events)::bigint as events from rebuild.projected_heads',
    );
    return rows[0]?.events ?? 0n;
  };
  while ((await applied()) < events) await sleep(POLL_MS, bank.signal);
}

/** Answers how many of its rows differ from the live projection's. */
export async function compared({ bank }: MeasuredBank): Promise<bigint> {
  const { projector } = bank.client;
  const endsAtMs = performance.now() + COMPARED_MS;
  for (;;) {
    const { rebuild: seen } = await unaryCall(projector.getRebuild.bind(projector), {});
    if (seen?.state === RebuildState.REBUILD_STATE_CAUGHT_UP) return seen.differences ?? -1n;
    if (seen?.state !== RebuildState.REBUILD_STATE_RUNNING || performance.now() > endsAtMs) {
      throw new Error(`the rebuild does not catch up: ${seen?.message}`);
    }
    await sleep(POLL_MS, bank.signal);
  }
}
