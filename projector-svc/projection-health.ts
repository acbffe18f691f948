/**
 * What health says of the projector's service. NOT_SERVING while a partition has an alarm, or while
 * the projection has not been readable for several comparisons in a row; SERVING otherwise. Told by
 * the tail check, once a turn; an event store or a Kafka that is away changes nothing here, for
 * what is projected is still told to its callers.
 */
import type { Logger } from '#platform/logger.ts';
import { TAIL } from './config.ts';
import type { PartitionLane } from './partition-lane.ts';

export type ProjectionHealth = {
  /** A comparison could read the projection's heads, or could not. */
  projectionRead(answered: boolean): void;
};

export function createProjectionHealth(
  lanes: readonly Pick<PartitionLane, 'partition' | 'alarm'>[],
  log: Logger,
  setServing: (serving: boolean) => void,
): ProjectionHealth {
  let unreadable = 0;
  let serving = true;
  return {
    projectionRead(answered) {
      unreadable = answered ? 0 : unreadable + 1;
      const stopped = lanes.filter((lane) => lane.alarm !== '').map((lane) => lane.partition);
      const serves = stopped.length === 0 && unreadable < TAIL.unreadableMax;
      if (serves === serving) return;
      serving = serves;
      setServing(serves);
      if (serves) log.info('Health says SERVING again.');
      else log.warn('Health says NOT_SERVING.', { stopped, unreadable });
    },
  };
}
