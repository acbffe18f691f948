/**
 * Step 2 of a batch, load, for accounts that it opens for a submission: they almost never exist, so
 * they are neither locked nor looked for. One that does exist refuses its first event by the
 * primary key, and then the batch goes on under the head, where all is looked for. So a decision
 * may stand on such an account only when it stores an event of it.
 *
 * After a collision the lane looks before it appends, until a batch has found all of its accounts
 * absent.
 */
import type { BaseStates } from './base-states.ts';
import type { LaneStates } from './lane-states.ts';
import type { Batch } from './batch.ts';
import type { DecidedBatch } from './decide-batch.ts';

/** Taken as accounts that do not exist, unless the cache has them. */
export function assumedAbsent({ lane, opening }: Batch): ReadonlySet<string> {
  return lane.looksForOpened ? NONE : opening;
}

/** False when the decision stands on an assumption that nothing will prove. */
export function provesAssumed(decided: DecidedBatch, assumed: ReadonlySet<string>): boolean {
  const { base, newStates } = decided;
  if (newStates.size === base.accounts.size) return true;
  for (const id of assumed) {
    if (!newStates.has(id) && base.accounts.get(id)?.state.status === 'none') return false;
  }
  return true;
}

/** An event has met one that stands there already. */
export function noteCollision(lane: LaneStates): void {
  lane.looksForOpened = true;
}

/** `base`: what a batch was decided on that has looked for all of its accounts. */
export function noteLookedFor({ lane, opening }: Batch, base: BaseStates): void {
  if (!lane.looksForOpened || opening.size === 0) return;
  for (const id of opening) if (base.accounts.get(id)?.state.status !== 'none') return;
  lane.looksForOpened = false;
}

const NONE: ReadonlySet<string> = new Set();
