/**
 * Follows the erasures of owners, whichever replica did them: once a second it asks for those that
 * are new and forgets their keys. A round that fails is tried again as the next one.
 */
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import { KEYS } from './bounds.ts';
import type { KeyContext, OwnerKeys } from './owner-keys.ts';
import { readErasures } from './sql/erase-owner.ts';

export type ErasureWatch = {
  /** Resolves when the round in hand has ended; no other follows. */
  stop(): Promise<void>;
};

export function watchErasures(
  keys: OwnerKeys,
  { db }: Pick<KeyContext, 'db'>,
  log: Logger,
): ErasureWatch {
  const stopping = new AbortController();
  const watching = watch(keys, db, log, stopping.signal);
  return {
    stop: () => {
      stopping.abort();
      return watching;
    },
  };
}

async function watch(
  keys: OwnerKeys,
  db: KeyContext['db'],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let seen = 0n;
  while (!signal.aborted) {
    try {
      const erased = await readErasures(db, seen, KEYS.erasuresAtOnceMax);
      keys.forget(erased.map(({ keyId }) => keyId));
      seen = erased.at(-1)?.erasureNo ?? seen;
      if (erased.length === KEYS.erasuresAtOnceMax) continue;
    } catch (error) {
      log.warn('Erasures could not be looked for; the next round tries again.', { err: error });
    }
    await sleep(KEYS.erasuresEveryMs, signal).catch(() => undefined); // told to stop
  }
}
