/**
 * One rebuild at work, from where its tables are to its end: it fills until it has caught up with
 * the live projection, compares, and then follows it until it is swapped in, stopped or dropped. By
 * command it ends through its row, on whatever replica the command came; with the process it ends
 * where it is. What passes (a store that is away) is tried again, a bounded number of times; what
 * does not, fails the rebuild with a reason.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { counter } from '#platform/telemetry.ts';
import { backoffMs, sleep } from '#platform/waiting.ts';
import { REBUILD } from './bounds.ts';
import { faultOf } from './dead-letter.ts';
import { verdictOf } from './projection-failures.ts';
import { analyzeRebuilt, compareRebuilt, patiently } from './rebuild-compare.ts';
import { fillTo } from './rebuild-fill.ts';
import type { FillContext } from './rebuild-fill.ts';
import { RebuildStopped, watchProgress } from './rebuild-progress.ts';
import { readTargets } from './rebuild-targets.ts';
import type { SessionLocks } from './session-locks.ts';
import { moveRebuild, noteDifferences } from './sql/change-rebuild.ts';
import { RebuildGone } from './sql/read-rebuilt-heads.ts';

export type RebuildContext = {
  readonly fill: FillContext;
  /** Sees the rebuild's tables under the usual names. */
  readonly rebuilding: pg.Pool;
  readonly reading: pg.Pool;
  readonly eventStore: pg.Pool;
  readonly locks: SessionLocks;
  readonly log: Logger;
};

type Run = {
  readonly ctx: RebuildContext;
  readonly rebuildId: string;
  readonly signal: AbortSignal;
};

const failures = counter('bank.projector.rebuilds_failed', 'Rebuilds that gave up.', '{rebuild}');

/** Resolves when it has ended, whyever. */
export async function runRebuild(
  ctx: RebuildContext,
  rebuildId: string,
  signal: AbortSignal,
): Promise<void> {
  const { log } = ctx;
  const ended = new AbortController();
  const progress = watchProgress(ctx, rebuildId, (why) => ended.abort(why));
  const run = { ctx, rebuildId, signal: AbortSignal.any([signal, ended.signal]) };
  const level = Promise.withResolvers<void>();
  const following = follow(run, level.resolve);
  const comparing = level.promise.then(() => compare(run));
  try {
    await Promise.all([following, comparing]);
  } catch (error) {
    if (!ended.signal.aborted) ended.abort(error);
    level.reject(new Error('it has ended', { cause: error })); // if it was not level yet
    await Promise.allSettled([following, comparing]);
    if (error instanceof RebuildGone)
      log.info('The rebuild was swapped in or dropped.', { rebuildId });
    else if (signal.aborted || error instanceof RebuildStopped) {
      log.info('The rebuild has stopped here.', { rebuildId, why: String(error) });
    } else await fail(run, error);
  } finally {
    await progress.stop();
  }
}

/** Never resolves. */
async function follow(run: Run, onLevel: () => void): Promise<void> {
  const { ctx, rebuildId, signal } = run;
  for (let attempt = 1; ;) {
    signal.throwIfAborted();
    try {
      const startedMs = performance.now();
      const targets = await readTargets(ctx, ctx.rebuilding);
      await fillTo(ctx.fill, targets, signal);
      attempt = 1;
      if (performance.now() - startedMs > REBUILD.levelMs) continue;
      onLevel();
      await sleep(REBUILD.followEveryMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      const verdict = verdictOf(error);
      if (verdict === 'read-head-again') continue;
      if (verdict !== 'try-later' || attempt >= REBUILD.attemptsMax) throw error;
      ctx.log.warn('Could not fill the rebuild; trying again.', { rebuildId, err: error });
      const range = { firstMs: REBUILD.retryFirstMs, maxMs: REBUILD.retryMaxMs };
      await sleep(backoffMs(range, attempt++), signal);
    }
  }
}

async function compare({ ctx, rebuildId, signal }: Run): Promise<void> {
  const { rebuilding, log } = ctx;
  log.info('The rebuild is level with the live projection; comparing.', { rebuildId });
  await analyzeRebuilt(rebuilding, signal);
  const found = await compareRebuilt(rebuilding, signal);
  const isDone = await patiently(signal, async () => {
    await noteDifferences(rebuilding, rebuildId, found, found.count);
    return await moveRebuild(rebuilding, rebuildId, ['running'], 'caught_up');
  });
  if (!isDone) return;
  const differences = found.count;
  log.info('The rebuild has caught up and may be swapped in.', { rebuildId, differences });
}

async function fail({ ctx, rebuildId }: Run, error: unknown): Promise<void> {
  const message = reasonOf(error);
  failures.add();
  ctx.log.error('The rebuild has failed.', { rebuildId, err: error });
  try {
    await moveRebuild(ctx.reading, rebuildId, ['running', 'caught_up'], 'failed', message);
  } catch (cause) {
    // Its lock is gone with its end, so that it counts as stopped.
    ctx.log.error('The failure of a rebuild could not be stored.', { rebuildId, err: cause });
  }
}

/** Of a record that cannot be applied: what the live projection keeps a dead letter of, too. */
function reasonOf(error: unknown): string {
  const fault = faultOf(error);
  if (fault !== undefined) return `${fault.message} (${fault.cause}: see ListDeadLetters)`;
  return error instanceof Error ? error.message : String(error);
}
