/**
 * Stores how far a running rebuild is, twice a second, with its rate over the last ten seconds, and
 * looks whether it is still to run: a command on another replica ends it by its row, and a replica
 * that has taken its lock over by that lock.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import { REBUILD } from './bounds.ts';
import type { SessionLocks } from './session-locks.ts';
import { noteProgress } from './sql/change-rebuild.ts';
import { THE_REBUILD, readRebuild } from './sql/read-rebuild.ts';
import { RebuildGone, goneOr } from './sql/read-rebuilt-heads.ts';

/** By command, or because another replica goes on with it. */
export class RebuildStopped extends Error {
  override readonly name = 'RebuildStopped';
}

type ProgressContext = {
  readonly reading: pg.Pool;
  readonly locks: SessionLocks;
  readonly log: Logger;
};

export type Progress = { stop: () => Promise<void> };

type Sample = { readonly atMs: number; readonly events: bigint };

export function watchProgress(
  ctx: ProgressContext,
  rebuildId: string,
  onEnd: (why: Error) => void,
): Progress {
  const stopped = new AbortController();
  const samples: Sample[] = [];
  const note = async (): Promise<void> => {
    const events = await noteProgress(ctx.reading, rebuildId, rateOf(samples));
    if (events === undefined) return onEnd(new RebuildStopped('it is not to run any more'));
    samples.push({ atMs: performance.now(), events });
    if (samples.length > REBUILD.rateOverMs / REBUILD.progressEveryMs) samples.shift();
    if (await ctx.locks.tryLock(THE_REBUILD)) return;
    const row = await readRebuild(ctx.reading, rebuildId);
    if (row?.isAlive === true) onEnd(new RebuildStopped('another replica goes on with it'));
  };
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await sleep(REBUILD.progressEveryMs, stopped.signal);
        await note();
      } catch (error) {
        if (stopped.signal.aborted) return;
        const gone = goneOr(error);
        if (gone instanceof RebuildGone) return onEnd(gone);
        ctx.log.warn('The progress of the rebuild could not be stored.', { rebuildId, err: error });
      }
    }
  };
  const watching = watch();
  return {
    async stop() {
      stopped.abort(new Error('the rebuild has ended'));
      await watching;
      // What was applied since the last look; the rate of one that has ended is 0.
      await noteProgress(ctx.reading, rebuildId, 0).catch(() => undefined);
    },
  };
}

function rateOf(samples: readonly Sample[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs === first.atMs) return 0;
  return (Number(last.events - first.events) * 1000) / (last.atMs - first.atMs);
}
