/**
 * Memory that many callers share: each takes a share before it makes something big, and gives it
 * back after. Shares are granted in the order of asking; one that is greater than the whole budget
 * is granted when nothing else is held.
 */
export type Share = {
  /** Resolves when the share is held. */
  readonly granted: Promise<void>;
  /** Gives it back, or takes the asking back. May be called again. */
  giveBack(): void;
};

export type ByteBudget = {
  /** Undefined: there is no room now, or others wait. */
  tryTake(bytes: number): Share | undefined;
  take(bytes: number): Share;
};

type Asking = { bytes: number; state: 'waiting' | 'held' | 'done'; grant: () => void };

export function createByteBudget(bytesMax: number): ByteBudget {
  const waiting: Asking[] = [];
  let heldBytes = 0;

  const fits = (bytes: number): boolean => heldBytes === 0 || heldBytes + bytes <= bytesMax;
  const hold = (asking: Asking): void => {
    heldBytes += asking.bytes;
    asking.state = 'held';
    asking.grant();
  };
  const grantNext = (): void => {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      hold(next);
    }
  };
  const take = (bytes: number): Share => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const asking: Asking = { bytes, state: 'waiting', grant: resolve };
    if (waiting.length === 0 && fits(bytes)) hold(asking);
    else waiting.push(asking);
    return {
      granted: promise,
      giveBack() {
        if (asking.state === 'held') heldBytes -= bytes;
        if (asking.state === 'waiting') waiting.splice(waiting.indexOf(asking), 1);
        asking.state = 'done';
        grantNext();
      },
    };
  };
  return {
    take,
    tryTake: (bytes) => (waiting.length === 0 && fits(bytes) ? take(bytes) : undefined),
  };
}
