/**
 * The rebuild of the projection as its commands see it: begun or resumed on this replica, stopped,
 * swapped in, dropped. There is one at a time; which one, and where it stands, is a row that every
 * replica reads, and the replica that runs it holds an advisory lock, so that one whose process has
 * ended counts as stopped.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import { pausePoint } from '#platform/pause-points.ts';
import { withTransaction } from '#platform/postgres.ts';
import { uuidV7 } from '#platform/uuid.ts';
import { sleep } from '#platform/waiting.ts';
import { REBUILD } from './bounds.ts';
import { runRebuild } from './rebuild-run.ts';
import type { RebuildContext } from './rebuild-run.ts';
import { swapRebuild } from './rebuild-swap.ts';
import { LOCK_CLASS } from './session-locks.ts';
import { insertRebuild, moveRebuild } from './sql/change-rebuild.ts';
import { THE_REBUILD, readRebuild } from './sql/read-rebuild.ts';
import type { RebuildRow } from './sql/read-rebuild.ts';
import { RebuildGone } from './sql/read-rebuilt-heads.ts';
import { notLevel } from './swap-refusals.ts';

export type Rebuilds = {
  start(): Promise<RebuildRow>;
  stop(rebuildId: string): Promise<RebuildRow>;
  get(rebuildId?: string): Promise<RebuildRow>;
  swap(rebuildId: string, acceptDifferences: boolean, signal: AbortSignal): Promise<RebuildRow>;
  drop(rebuildId: string): Promise<RebuildRow>;
  /** Ends the one that runs here; it can be resumed. */
  close(): Promise<void>;
};

/** On this replica. */
type Running = {
  readonly rebuildId: string;
  readonly end: (why: Error) => void;
  readonly ended: Promise<void>;
};

/** Two that start at once: the second finds what the first has made. */
const STARTING = 2;

export function createRebuilds(ctx: RebuildContext): Rebuilds {
  let running: Running | undefined;
  let beginning: Promise<RebuildRow> | undefined;

  const get = async (rebuildId?: string): Promise<RebuildRow> => {
    const row = await readRebuild(ctx.reading, rebuildId);
    if (row === undefined) throw notFound(rebuildId);
    return row;
  };
  const run = async ({ rebuildId }: RebuildRow): Promise<void> => {
    await running?.ended;
    if (!(await ctx.locks.tryLock(THE_REBUILD))) return; // another replica has just begun
    await markRunning(ctx, rebuildId);
    const ending = new AbortController();
    ctx.log.info('A rebuild runs on this replica.', { rebuildId });
    const toItsEnd = async (): Promise<void> => {
      try {
        await runRebuild(ctx, rebuildId, ending.signal);
      } finally {
        running = undefined;
        await ctx.locks.unlock(THE_REBUILD);
      }
    };
    running = { rebuildId, end: (why) => ending.abort(why), ended: toItsEnd() };
  };
  const begin = async (): Promise<RebuildRow> => {
    const row = await openRebuild(ctx);
    if (row.state === 'swapped') throw notDropped(row);
    if (!row.isAlive && !runsHere(row, running)) await run(row);
    return await get(row.rebuildId);
  };
  const stop = async (rebuildId: string): Promise<RebuildRow> => {
    await get(rebuildId);
    await moveRebuild(ctx.reading, rebuildId, ['running', 'caught_up'], 'stopped');
    if (running?.rebuildId === rebuildId) {
      running.end(new Error('stopped by command'));
      await running.ended;
    }
    return await untilEnded(() => get(rebuildId));
  };
  return {
    get,
    stop,
    async start() {
      // The lock tells replicas apart, not two calls of one: a second run would keep it for ever.
      beginning ??= begin().finally(() => (beginning = undefined));
      return await beginning;
    },
    swap: (rebuildId, acceptDifferences, signal) =>
      swapOnce(ctx, () => get(rebuildId), acceptDifferences, signal),
    async drop(rebuildId) {
      const { state } = await get(rebuildId);
      // One that was swapped in ends by itself; until then the next one could not begin.
      if (state === 'swapped') await untilEnded(() => get(rebuildId));
      else if (state !== 'dropped') await stop(rebuildId);
      if (state !== 'dropped') await dropTables(ctx, rebuildId);
      return await get(rebuildId);
    },
    async close() {
      running?.end(new Error('the service is stopping'));
      await running?.ended;
    },
  };
}

/** One that is swapped in already is answered as it is. */
async function swapOnce(
  ctx: RebuildContext,
  get: () => Promise<RebuildRow>,
  acceptDifferences: boolean,
  signal: AbortSignal,
): Promise<RebuildRow> {
  const before = await get();
  if (before.state === 'swapped') return before;
  if (before.state !== 'caught_up') throw notLevel(before.state);
  try {
    await swapRebuild(ctx, before.rebuildId, acceptDifferences, signal);
    return await get();
  } catch (error) {
    const row = await get();
    const wasFaster = error instanceof RebuildGone && row.state === 'swapped';
    if (!wasFaster) throw error;
    return row; // another caller was
  }
}

/** Whoever cannot say that it runs does not hold the lock either: nobody could stop or drop it. */
async function markRunning({ reading, locks }: RebuildContext, rebuildId: string): Promise<void> {
  const from = ['running', 'stopped', 'failed', 'caught_up'] as const;
  try {
    await moveRebuild(reading, rebuildId, from, 'running');
  } catch (error) {
    await locks.unlock(THE_REBUILD);
    throw error;
  }
}

/** Its lock may be away for a moment, with the connection that holds it. */
function runsHere({ rebuildId, state }: RebuildRow, running: Running | undefined): boolean {
  return running?.rebuildId === rebuildId && (state === 'running' || state === 'caught_up');
}

/** The one that is there; else a new one. */
async function openRebuild({ rebuilding, log }: RebuildContext): Promise<RebuildRow> {
  return await withTransaction(rebuilding, async (client) => {
    await client.query('select pg_advisory_xact_lock($1, $2)', [LOCK_CLASS.rebuild, STARTING]);
    const there = await readRebuild(client);
    if (there !== undefined && there.state !== 'dropped') return there;
    const rebuildId = uuidV7();
    await insertRebuild(client, rebuildId);
    log.info('A rebuild begins.', { rebuildId });
    const made = await readRebuild(client, rebuildId);
    if (made === undefined) throw new Error('the rebuild that was stored is not there');
    return made;
  });
}

async function dropTables({ rebuilding, log }: RebuildContext, rebuildId: string): Promise<void> {
  await withTransaction(rebuilding, async (client) => {
    // The tables first: who notes the progress has them before the row.
    await client.query('select drop_rebuild()');
    const from = ['running', 'stopped', 'caught_up', 'failed', 'swapped'] as const;
    await moveRebuild(client, rebuildId, from, 'dropped');
    const pause = pausePoint('drop.before-commit');
    if (pause !== undefined) await pause;
  });
  log.info('The tables beside the live projection are dropped.', { rebuildId });
}

/** It runs on another replica, which looks at its row twice a second. */
async function untilEnded(look: () => Promise<RebuildRow>): Promise<RebuildRow> {
  const endsAtMs = performance.now() + REBUILD.stopWaitMs;
  for (;;) {
    const row = await look();
    if (!row.isAlive) return row;
    if (performance.now() > endsAtMs) throw stillRuns(row);
    await sleep(REBUILD.followEveryMs);
  }
}

function stillRuns({ rebuildId }: RebuildRow): Error {
  const message = `the replica that runs rebuild ${rebuildId} has not stopped yet: try again`;
  return refusal(status.UNAVAILABLE, 'PROJECTION_UNAVAILABLE', message, {
    retryAfterMs: REBUILD.retryAfterMs,
  });
}

function notFound(rebuildId: string | undefined): Error {
  const what = rebuildId === undefined ? 'there is no rebuild' : `there is no rebuild ${rebuildId}`;
  return refusal(status.NOT_FOUND, 'REBUILD_NOT_FOUND', what);
}

function notDropped({ rebuildId }: RebuildRow): Error {
  const message =
    `rebuild ${rebuildId} was swapped in, and the projection before it is kept: ` +
    'DropRebuild drops it';
  return refusal(status.FAILED_PRECONDITION, 'REBUILD_NOT_DROPPED', message, {
    metadata: { rebuild_id: rebuildId },
  });
}
