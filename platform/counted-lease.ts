// One lease for all that a process does under it: taken when the first user comes, kept while there
// is one, ended with the last. Nobody waits for Redis and nobody fails by it: a lease that could
// not be taken or kept is tried again, and a process that dies leaves one that ends by its time.
import { randomUUID } from 'node:crypto';
import type { LeaseText, Leases } from './leases.ts';
import type { Logger } from './logger.ts';

export type CountedLeaseOptions = LeaseText & {
  readonly leases: Pick<Leases, 'take' | 'end'>;
  readonly ttlMs: number;
  /** After a failure. */
  readonly retryMs: number;
  readonly log: Logger;
};

export type CountedLease = {
  /** Answers the release, which counts once. */
  hold(): () => void;
  /** Takes the lease again at once if there are users: Redis may have lost it. */
  renew(): void;
  /** Ends the lease if it is held, and resolves when Redis has answered all that was asked. */
  close(): Promise<void>;
};

/** A lease is renewed so often within its time. */
const RENEWALS = 4;

export function createCountedLease(options: CountedLeaseOptions): CountedLease {
  const ending = new Set<Promise<void>>();
  let users = 0;
  let keeper: Keeper | undefined;

  const end = (): void => {
    const ended = keeper?.end();
    keeper = undefined;
    if (ended === undefined) return;
    ending.add(ended);
    void ended.finally(() => ending.delete(ended));
  };
  return {
    hold() {
      users += 1;
      keeper ??= keepLease(options);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        users -= 1;
        if (users === 0) end();
      };
    },
    renew: () => keeper?.renew(),
    async close() {
      end();
      await Promise.all(ending);
    },
  };
}

type Keeper = { renew(): void; end(): Promise<void> };

/** Takes and renews by the same call, so that a lease which Redis has lost comes back. */
function keepLease({ leases, ttlMs, retryMs, log, ...text }: CountedLeaseOptions): Keeper {
  const id = randomUUID();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const keep = async (): Promise<void> => {
    if (ended) return;
    clearTimeout(timer);
    let nextMs = Math.ceil(ttlMs / RENEWALS);
    try {
      const lease = await leases.take(id, text, ttlMs);
      if (lease === undefined) log.warn('Too many leases are held; going on without one.', text);
    } catch (error) {
      nextMs = Math.min(nextMs, retryMs);
      log.debug('A lease was not taken; trying again.', { err: error });
    }
    if (ended) return;
    timer = setTimeout(() => {
      running = keep();
    }, nextMs);
  };
  let running = keep();
  return {
    renew() {
      running = running.then(keep);
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      await running;
      try {
        await leases.end(id);
      } catch (error) {
        log.debug('A lease was not ended; it ends by its time.', { err: error });
      }
    },
  };
}
