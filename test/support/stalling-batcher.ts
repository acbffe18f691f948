/** A batcher that a test holds up: it takes so many items, then has no room until it is let go. */
import type { Batcher } from '../../command-svc/batcher.ts';

export type StallingBatcher = {
  /** For openIntakeReplica. */
  around: (batcher: Batcher) => Batcher;
  release: () => void;
};

export function stallingAfter(items: number): StallingBatcher {
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  let left = items;
  let isStalled = true;
  const around = (batcher: Batcher): Batcher => ({
    ...batcher,
    stop: () => batcher.stop(),
    tryEnqueueBarrier: (barrier) => batcher.tryEnqueueBarrier(barrier),
    whenRoom: (item) => (isStalled ? goOn : batcher.whenRoom(item)),
    tryEnqueue: (item) => {
      if (isStalled && left === 0) return false;
      left -= 1;
      return batcher.tryEnqueue(item);
    },
  });
  const release = (): void => {
    isStalled = false;
    resolve();
  };
  return { around, release };
}
