/**
 * In the place of nodes and controllers: says of every Job that it is complete, and of every Pod
 * that it has succeeded, so that helm's hooks go on. What they would have done is not done.
 */
import { z } from 'zod';
import { sleep } from '#platform/waiting.ts';
import type { ControlPlane } from './control-plane.ts';

const LOOK_EVERY_MS = 200;

const listSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z
        .object({ phase: z.string().optional(), completionTime: z.string().optional() })
        .default({}),
    }),
  ),
});

/** Until the signal; answers whose end it has told. */
export async function finishWork(
  { call }: Pick<ControlPlane, 'call'>,
  namespace: string,
  signal: AbortSignal,
): Promise<string[]> {
  const told: string[] = [];
  const tell = async (kind: string, folder: string, name: string, status: object) => {
    await call('PATCH', `${folder}/${name}/status`, { status });
    told.push(`${kind} ${name}`);
  };
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  while (!signal.aborted) {
    for (const { metadata, status } of await listOf(call, jobs)) {
      if (status.completionTime !== undefined) continue;
      await tell('Job', jobs, metadata.name, completeJob(new Date().toISOString()));
    }
    for (const { metadata, status } of await listOf(call, pods)) {
      if (status.phase === 'Succeeded') continue;
      await tell('Pod', pods, metadata.name, { phase: 'Succeeded' });
    }
    await sleep(LOOK_EVERY_MS);
  }
  return told;
}

async function listOf(call: ControlPlane['call'], path: string) {
  return listSchema.parse(await call('GET', path)).items;
}

function completeJob(at: string): object {
  const condition = { status: 'True', lastProbeTime: at, lastTransitionTime: at };
  return {
    startTime: at,
    completionTime: at,
    succeeded: 1,
    conditions: [
      { type: 'SuccessCriteriaMet', ...condition },
      { type: 'Complete', ...condition },
    ],
  };
}
