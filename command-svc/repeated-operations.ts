/**
 * Which operations of a batch are looked up before it is decided. A single command is seldom sent
 * again, so that its operation is not looked up: the unique index refuses the append of one that is
 * stored, and the batch goes on under the head, where all are looked up. A command that is refused
 * may be a repeat too, which no index tells.
 */
import { operationKey } from './base-states.ts';
import type { Batch } from './batch.ts';
import type { BatchItem } from './batch-item.ts';
import type { DecidedBatch } from './decide-batch.ts';

/** Items of submissions are many, and one that is stored would send all of them the long way. */
export function mayRepeat({ operations, items, lane }: Batch): boolean {
  if (operations.length === 0) return false;
  const isNamed = ({ command, origin }: BatchItem): boolean =>
    origin.kind === 'submission' && command?.operationId !== undefined;
  return (
    operations.some((operation) => lane.newestOperations.has(operationKey(operation))) ||
    items.some(isNamed)
  );
}

/** The batch's append stands. */
export function keepOperations({ lane, operations }: Batch): void {
  for (const operation of operations) lane.newestOperations.set(operationKey(operation), true);
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
