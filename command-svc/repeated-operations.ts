/**
 * Which operations of a batch are looked up before it is decided. A single command is seldom sent
 * again, so that its operation is not looked up: the unique index refuses the append of one that is
 * stored, and the batch goes on under the head, where all are looked up; the lane then looks first,
 * until a batch has found none stored. A command that is refused may be a repeat too, which no
 * index tells.
 */
import type { Command } from '#domain/commands.ts';
import { operationKey, type BaseStates } from './base-states.ts';
import type { Batch } from './batch.ts';
import type { BatchItem, ItemDecision } from './batch-item.ts';
import type { DecidedBatch } from './decide-batch.ts';
import type { LaneStates } from './lane-states.ts';

/** Items of submissions are many, and one that is stored would send all of them the long way. */
export function mayRepeat({ operations, items, lane }: Batch): boolean {
  if (operations.length === 0) return false;
  if (lane.looksForOperations) return true;
  const { newestOperations } = lane;
  return (
    operations.some((operation) => newestOperations.has(operationKey(operation))) ||
    items.some(({ command, origin }) => origin.kind !== 'unary' && isNamed(command))
  );
}

/** The operations of single commands that are stored, by this batch or before it. */
export function keepOperations(
  { newestOperations }: LaneStates,
  items: readonly BatchItem[],
  decisions: readonly ItemDecision[],
): void {
  for (let at = 0; at < items.length; at++) {
    const item = items[at];
    if (item?.origin.kind !== 'unary' || !isNamed(item.command)) continue;
    const kind = decisions[at]?.kind; // none: the batch was cut before it
    if (kind === undefined || kind === 'rejected') continue;
    newestOperations.set(operationKey(item.command), true);
  }
}

/** A batch was refused for an operation that is stored: those of the next ones are looked up. */
export function noteRepeated(lane: LaneStates): void {
  lane.looksForOperations = true;
}

/** `base`: what a batch was decided on that has looked for its operations. */
export function noteNoneRepeated(lane: LaneStates, { operations }: BaseStates): void {
  if (operations.size === 0) lane.looksForOperations = false;
}

function isNamed(command: Command | undefined): command is Command & { operationId: string } {
  return command?.operationId !== undefined;
}

/** A refusal that a look at its operation may turn into a replay. */
export function refusesOperation(
  items: readonly BatchItem[],
  { decisions }: DecidedBatch,
): boolean {
  return items.some(
    ({ command }, at) => command?.operationId !== undefined && decisions[at]?.kind === 'rejected',
  );
}
