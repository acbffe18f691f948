// Follows whether any lease is held: asks when a change is announced, when Redis comes, and every
// pollMs, for announcements may be missed. Between two answers, and without Redis, what counts is
// the time for which the last answer said that a lease stands: after it the watch says "none" by
// itself. Never makes anybody wait, never throws.
import type { Redis } from 'ioredis';
import type { Leases } from './leases.ts';
import type { Logger } from './logger.ts';
import { isReady } from './redis.ts';

export type LeaseWatchOptions = {
  readonly leases: Pick<Leases, 'standing' | 'channel'>;
  /** For commands; its coming asks anew. */
  readonly redis: Redis;
  /** A connection of its own: it subscribes. */
  readonly subscriber: Redis;
  readonly pollMs: number;
  readonly log: Logger;
  /** Called after each turn. */
  readonly onChange: (isHeld: boolean) => void;
};

export type LeaseWatch = {
  isHeld(): boolean;
  /** As Redis told last; none when that is over. */
  heldCount(): number;
  close(): void;
};

export function watchLeases(options: LeaseWatchOptions): LeaseWatch {
  const { leases, redis, subscriber, log } = options;
  let heldUntilMs = 0;
  let wasHeld = false;
  let heldCount = 0;
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  let askAgain = false;
  let closed = false;

  const turn = (): void => {
    clearTimeout(timer);
    const restMs = heldUntilMs - performance.now();
    const isHeld = restMs > 0;
    if (isHeld && !closed) timer = setTimeout(turn, Math.ceil(restMs));
    if (isHeld === wasHeld) return;
    wasHeld = isHeld;
    options.onChange(isHeld);
  };
  const ask = async (): Promise<void> => {
    const askedAtMs = performance.now(); // earlier than Redis' answer: never beyond its time
    try {
      const { count, restMs } = await leases.standing();
      heldCount = count;
      heldUntilMs = restMs > 0 ? askedAtMs + restMs : 0;
    } catch (error) {
      log.debug('Redis did not tell of the leases; what it told before counts.', { err: error });
    }
    if (!closed) turn();
  };
  const refresh = (): void => {
    askAgain = asking; // what is being answered may be older than the change
    if (asking || closed || !isReady(redis)) return;
    asking = true;
    void ask().finally(() => {
      asking = false;
      if (askAgain) refresh();
    });
  };
  const subscribe = (): void => {
    subscriber.subscribe(leases.channel).then(refresh, (error: unknown) => {
      log.debug('Could not subscribe; the poll goes on.', { err: error });
    });
  };
  subscriber.on('message', refresh);
  subscriber.on('ready', subscribe);
  redis.on('ready', refresh);
  const poll = setInterval(refresh, options.pollMs);
  return {
    isHeld: () => wasHeld,
    heldCount: () => (wasHeld ? heldCount : 0),
    close() {
      closed = true;
      clearInterval(poll);
      clearTimeout(timer);
    },
  };
}
