/**
 * Puts a rebuild in the place of the live projection, in one transaction:
 *   1 heads    nothing is projected from here on: writers wait at the first statement of theirs
 *   2 level    what the rebuild still lacks is filled, within a bound
 *   3 compare  states at equal positions; differences end it, unless they are accepted; while
 *              accounts are parked it ends here too, for what waits is of the live tables
 *   4 tables   the live ones are locked, giving way to readers, and change places
 * Readers and writers that have waited find the new tables under the old names, and their prepared
 * statements are planned anew by PostgreSQL. What was told of submissions is kept as it is, so that
 * open streams go on; only where it differs, or the live projection is not of this event store, is
 * it replaced too. On any failure all stays as it was.
 */
import type pg from 'pg';
import { pausePoint } from '#platform/pause-points.ts';
import { withTransaction } from '#platform/postgres.ts';
import { REBUILD } from './bounds.ts';
import { CHANNELS, EVERYONE } from './projected-notices.ts';
import { verdictOf } from './projection-failures.ts';
import { fillTo } from './rebuild-fill.ts';
import type { RebuildContext } from './rebuild-run.ts';
import { readTargets } from './rebuild-targets.ts';
import type { Target } from './rebuild-targets.ts';
import { moveRebuild, noteDifferences } from './sql/change-rebuild.ts';
import { diffStates } from './sql/diff-rebuilt.ts';
import type { Differences, StateDifferences } from './sql/diff-rebuilt.ts';
import { countParked } from './sql/park-accounts.ts';
import { readRebuild } from './sql/read-rebuild.ts';
import type { RebuildRow } from './sql/read-rebuild.ts';
import { goneOr } from './sql/read-rebuilt-heads.ts';
import { keepVacuumAway, lockHeads, lockTables } from './sql/swap-locks.ts';
import { accountsParked, cannotLevel, differs, notCaughtUp, notLevel } from './swap-refusals.ts';

/** Rolls the swap back; then the differences are stored, and the caller is told why. */
class SwapRefused extends Error {
  override readonly name = 'SwapRefused';
  readonly differences: Differences;
  readonly told: Error;

  constructor(differences: Differences, told: Error) {
    super(`${differences.count} rows differ`);
    this.differences = differences;
    this.told = told;
  }
}

export async function swapRebuild(
  ctx: RebuildContext,
  rebuildId: string,
  acceptDifferences: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { rebuilding, log } = ctx;
  // So that little is left under the lock.
  await catchUp(ctx, ctx.reading, signal);
  signal.throwIfAborted();
  try {
    await withTransaction(rebuilding, (client) =>
      swapUnderHeads(ctx, client, rebuildId, acceptDifferences),
    );
    const pause = pausePoint('swap.after-commit');
    if (pause !== undefined) await pause;
    log.info('The rebuild is the live projection now.', { rebuildId });
  } catch (error) {
    if (!(error instanceof SwapRefused)) throw goneOr(error);
    await noteDifferences(rebuilding, rebuildId, error.differences);
    throw error.told;
  }
}

async function swapUnderHeads(
  ctx: RebuildContext,
  client: pg.PoolClient,
  rebuildId: string,
  acceptDifferences: boolean,
): Promise<void> {
  await client.query('set local synchronous_commit = on');
  await client.query('set local search_path = public');
  await keepVacuumAway(client);
  await lockHeads(client);
  const row = await readRebuild(client, rebuildId);
  if (row?.state !== 'caught_up') throw notLevel(row?.state);
  const parked = await countParked(client);
  const pause = pausePoint('swap.heads-locked');
  if (pause !== undefined) await pause;
  const targets = await catchUp(ctx, client);
  const states = await diffStates(client, REBUILD.differencesKept);
  const differences = allOf(row, states);
  const isParked = parked.accounts > 0n || parked.letters > 0n;
  if (isParked) throw new SwapRefused(differences, accountsParked(parked));
  const isRefused = differences.count > 0n && !acceptDifferences;
  if (isRefused) throw new SwapRefused(differences, differs(differences));
  const replacesTold =
    states.ofSubmissions.count > 0n || targets.some((target) => target.liveDiffers !== undefined);
  await lockTables(client);
  await client.query('select swap_rebuild($1)', [replacesTold]);
  if (!(await moveRebuild(client, rebuildId, ['caught_up'], 'swapped'))) {
    throw notCaughtUp('it was stopped meanwhile');
  }
  await noteDifferences(client, rebuildId, differences);
  for (const channel of CHANNELS) {
    await client.query('select pg_notify($1, $2)', [channel, EVERYONE]);
  }
  const last = pausePoint('swap.before-commit');
  if (last !== undefined) await last;
}

/** Answers the targets that it has reached, as `reading` sees the live projection. */
async function catchUp(
  { fill, eventStore, rebuilding }: RebuildContext,
  reading: pg.Pool | pg.PoolClient,
  signal?: AbortSignal,
): Promise<readonly Target[]> {
  const boundMs = signal === undefined ? REBUILD.swapCatchUpMs : REBUILD.swapReadyMs;
  const bound = AbortSignal.timeout(boundMs);
  const either = signal === undefined ? bound : AbortSignal.any([signal, bound]);
  for (;;) {
    try {
      const targets = await readTargets({ reading, eventStore }, rebuilding);
      await fillTo(fill, targets, either);
      return targets;
    } catch (error) {
      signal?.throwIfAborted();
      if (bound.aborted) throw notCaughtUp(`it is not level within ${boundMs} ms`);
      const refused = cannotLevel(error);
      if (refused !== undefined) throw refused;
      // Who runs the rebuild fills it too.
      if (verdictOf(error) !== 'read-head-again') throw error;
    }
  }
}

function allOf(row: RebuildRow, { ofAccounts, ofSubmissions }: StateDifferences): Differences {
  const { entryDifferences = 0n, firstDifferences } = row;
  const entries = firstDifferences.filter(({ kind }) => kind.startsWith('ENTRY'));
  const first = [...ofAccounts.first, ...ofSubmissions.first, ...entries];
  return {
    count: ofAccounts.count + ofSubmissions.count + entryDifferences,
    first: first.slice(0, REBUILD.differencesKept),
  };
}
