/**
 * What is looked at, asked for once: all pages of one person that show the same view share one
 * poll of the services. A poll begins with its first look and ends when nobody has looked for a
 * while. Views are bounded: one more is refused (TooManyViewsError) unless another stands idle.
 */
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import type { Html } from './html.ts';

/** What a view shows now: its sections by their ids; or that the token is not taken. */
export type Look =
  | { readonly sections: ReadonlyMap<string, Html>; readonly signedOut?: undefined }
  | { readonly sections?: undefined; readonly signedOut: string };

/** One view of one person. Faults of the services are in what it shows. */
export type View = {
  look(): Promise<Look>;
  close(): void;
};

export type ViewKey = { readonly token: string | undefined; readonly name: string };

export type Watches = {
  /** The newest look, at most a poll old. */
  look(key: ViewKey, make: () => View): Promise<Look>;
  /** Tells the newest look, and each one after it. Answers how to stop. */
  follow(key: ViewKey, make: () => View, onLook: (look: Look) => void): () => void;
  close(): void;
};

export type WatchLimits = {
  readonly pollMs: number;
  readonly idleMs: number;
  readonly viewsMax: number;
};

/** As many views are looked at as may be. */
export class TooManyViewsError extends Error {
  override readonly name = 'TooManyViewsError';
}

type Watch = {
  readonly followers: Set<(look: Look) => void>;
  readonly ended: AbortController;
  readonly first: Promise<Look>;
  newest: Look | undefined;
  /** On the clock of performance.now(). */
  lookedAtMs: number;
};

export function createWatches(limits: WatchLimits, log: Logger): Watches {
  const watches = new Map<string, Watch>();
  const end = (name: string, watch: Watch): void => {
    watch.ended.abort(new Error('nobody looks any more'));
    if (watches.get(name) === watch) watches.delete(name);
  };
  const makeRoom = (): void => {
    if (watches.size < limits.viewsMax) return;
    const idle = [...watches]
      .filter(([, { followers }]) => followers.size === 0)
      .toSorted(([, a], [, b]) => a.lookedAtMs - b.lookedAtMs)[0];
    if (idle === undefined) throw new TooManyViewsError(`${watches.size} views are looked at`);
    end(...idle);
  };
  const open = ({ token = '', name: view }: ViewKey, make: () => View): Watch => {
    const name = `${view}\n${token}`;
    const known = watches.get(name);
    if (known !== undefined) {
      known.lookedAtMs = performance.now();
      return known;
    }
    makeRoom();
    const watch = startWatch(make(), limits, log, () => end(name, watch));
    watches.set(name, watch);
    return watch;
  };
  return {
    look: async (key, make) => {
      const watch = open(key, make);
      return watch.newest ?? (await watch.first);
    },
    follow(key, make, onLook) {
      const watch = open(key, make);
      watch.followers.add(onLook);
      if (watch.newest !== undefined) onLook(watch.newest);
      return () => {
        watch.followers.delete(onLook);
        watch.lookedAtMs = performance.now();
      };
    },
    close() {
      for (const [name, watch] of watches) end(name, watch);
    },
  };
}

function startWatch(view: View, limits: WatchLimits, log: Logger, end: () => void): Watch {
  const first = Promise.withResolvers<Look>();
  const watch: Watch = {
    followers: new Set(),
    ended: new AbortController(),
    first: first.promise,
    newest: undefined,
    lookedAtMs: performance.now(),
  };
  first.promise.catch(() => undefined); // told to whoever waits for it; maybe nobody does
  const poll = async (): Promise<void> => {
    while (!watch.ended.signal.aborted) {
      const startedAtMs = performance.now();
      const look = await view.look();
      watch.newest = look;
      first.resolve(look);
      for (const tell of watch.followers) tell(look);
      const isIdle = watch.followers.size === 0;
      if (isIdle && performance.now() - watch.lookedAtMs > limits.idleMs) return;
      if (look.signedOut !== undefined) return; // the next look asks anew
      const restMs = limits.pollMs - (performance.now() - startedAtMs);
      await sleep(Math.max(0, restMs), watch.ended.signal).catch(() => undefined);
    }
  };
  void poll()
    .catch((error: unknown) => {
      log.error('A view could not be made.', { err: error });
      first.reject(error);
    })
    .finally(() => {
      end();
      view.close();
    });
  return watch;
}
