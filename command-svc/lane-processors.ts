/**
 * The lanes' states, one for each partition, and what processes the batches that the batcher cuts:
 * whoever holds a lane in the batcher owns its states.
 */
import { createLaneStates, type LaneStates } from './lane-states.ts';
import type { BatchContext } from './batch.ts';
import type { ProcessBarrier } from './barrier.ts';
import type { ProcessBatch } from './lane.ts';
import { processBarrier } from './process-barrier.ts';
import { processBatch } from './process-batch.ts';

export function laneProcessors(
  context: BatchContext,
  lanes: readonly LaneStates[] = Array.from({ length: context.partitionCount }, (_, partition) =>
    createLaneStates(partition, context.states),
  ),
): [ProcessBatch, ProcessBarrier] {
  const laneOf = (partition: number): LaneStates => {
    const lane = lanes[partition];
    if (lane === undefined) throw new RangeError(`there is no partition ${partition}`);
    return lane;
  };
  return [
    (partition, items, sinceMs) => processBatch(context, laneOf(partition), items, sinceMs),
    (barrier, sinceMs) => processBarrier(context, barrier.partitions.map(laneOf), barrier, sinceMs),
  ];
}

/** The same, and says after each batch that the log may have grown. */
export function tellingOfAppends(
  [processBatch, processBarrier]: [ProcessBatch, ProcessBarrier],
  mayHaveMoved: () => void,
): [ProcessBatch, ProcessBarrier] {
  return [
    (...batch) => processBatch(...batch).finally(mayHaveMoved),
    (...barrier) => processBarrier(...barrier).finally(mayHaveMoved),
  ];
}
