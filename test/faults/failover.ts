/**
 * The last strike of a run that asks for it: the event store fails over to a copy that lags. What
 * was acknowledged after the copy is gone, and nobody can bring it back; what must hold is that
 * nobody builds on it: each partition in which the projection is ahead stops, with an alarm, and
 * stays as it is; and that a rebuild leads out of it.
 */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { RebuildState, type Rebuild } from '#proto/bank/v1/projector_service.ts';
import { readProjectedHeads, waitForProjection } from '#test/support/check-projection.ts';
import { readHeads } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';
import type { Canary } from './canary.ts';
import type { History } from './history/history.ts';
import { indexEvents } from './history/indexed.ts';
import { readStores } from './history/read-stores.ts';
import { foldProblems } from './history/rules/fold.ts';
import { copyEventStore, failOverToCopy } from './mesh/event-store-copy.ts';
import type { FaultyMesh } from './mesh/faulty-mesh.ts';

const LOST_CANARIES = 3;
const CANARY_MS = 60_000;
const ALARM_MS = 30_000;
const REBUILD_MS = 120_000;

export async function failOver(
  mesh: FaultyMesh,
  canary: Canary,
  history: History,
  say: (line: string) => void,
): Promise<string[]> {
  await copyEventStore(mesh.stack);
  for (let n = 0; n < LOST_CANARIES; n++) await canary.flows(CANARY_MS);
  await waitForProjection(mesh.stores);
  const before = await readProjectedHeads(mesh.stores);
  await failOverToCopy(mesh.stack);
  const ahead = await partitionsAhead(mesh);
  const startedMs = performance.now();
  const replicas = [mesh.clientOf(1), mesh.clientOf(2)];
  await until('every partition that is ahead has an alarm', () => allAlarmed(replicas, ahead), {
    timeoutMs: ALARM_MS,
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(`failed over to a copy that lags: ${ahead.length} partitions stopped in ${seconds} s`);
  const moved = (await readProjectedHeads(mesh.stores)).filter(
    ({ partition, seq }) => before.find((one) => one.partition === partition)?.seq !== seq,
  );
  const problems = moved.map(({ partition }) => `partition ${partition}: moved after its alarm`);
  await rebuild(mesh, say);
  await canary.flows(CANARY_MS);
  await waitForProjection(mesh.stores);
  const held = await readStores(mesh.stores);
  const after = { ...history, ...held, reads: [] };
  return [...problems, ...foldProblems(after, indexEvents(held))];
}

async function partitionsAhead({ stores }: FaultyMesh): Promise<number[]> {
  const projected = await readProjectedHeads(stores);
  const heads = await until('the copy answers', () =>
    readHeads(stores).catch(() => false as const),
  );
  return heads
    .filter(({ partition, seq }) =>
      projected.some((one) => one.partition === partition && one.seq > seq),
    )
    .map(({ partition }) => partition);
}

async function allAlarmed(
  replicas: readonly BankClient[],
  ahead: readonly number[],
): Promise<boolean> {
  for (const { projector } of replicas) {
    try {
      const { partitions } = await unaryCall(projector.getProjectionStatus.bind(projector), {});
      const quiet = partitions.filter(
        ({ partition, alarm }) => ahead.includes(partition) && alarm === '',
      );
      if (quiet.length > 0) return false;
    } catch {
      return false; // it is finding the store again
    }
  }
  return true;
}

/** What the copy has lost differs: that is accepted. */
async function rebuild(mesh: FaultyMesh, say: (line: string) => void): Promise<void> {
  const { projector } = mesh.client;
  const startedMs = performance.now();
  await unaryCall(projector.startRebuild.bind(projector), {});
  const caughtUp = await until(
    'the rebuild has caught up',
    async () => {
      const { rebuild: seen } = await unaryCall(projector.getRebuild.bind(projector), {});
      return isOver(seen) && seen;
    },
    { timeoutMs: REBUILD_MS },
  );
  const { rebuildId } = caughtUp;
  const request = { rebuildId, acceptDifferences: true };
  await unaryCall(projector.swapRebuild.bind(projector), request);
  say(`rebuilt and swapped in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

function isOver(rebuild: Rebuild | undefined): rebuild is Rebuild {
  if (rebuild?.state === RebuildState.REBUILD_STATE_FAILED) throw new Error(rebuild.message);
  return rebuild?.state === RebuildState.REBUILD_STATE_CAUGHT_UP;
}
