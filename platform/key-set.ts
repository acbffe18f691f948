/**
 * The issuer's public keys: read at the start, again every refreshMs, and when a token names a key
 * that is not among them (at most once in a while). A reading that fails leaves the known keys
 * standing, until they are ageMaxMs old. A service starts without them: until they are there
 * current() answers undefined.
 */
import { createLocalJWKSet, type LocalJWKSet } from 'jose';
import type { KeySetSettings } from './auth-settings.ts';
import { readKeySet } from './key-source.ts';
import type { Logger } from './logger.ts';
import { backoffMs, sleep } from './waiting.ts';

export type KnownKeys = {
  readonly pick: LocalJWKSet;
  /** Another one with other keys: what was checked with the former ones counts no longer. */
  readonly generation: number;
};

export type KeySet = {
  current(): KnownKeys | undefined;
  /** A token names a key that is not known: resolves when the keys were read anew, or need not. */
  readAgain(): Promise<void>;
  close(): void;
};

/** A token of an unknown key makes us ask for keys no more often than this. */
const ASK_GAP_MS = 5_000;
/** While there are no keys, or the last reading has failed. */
const RETRY = { firstMs: 200, maxMs: 10_000 } as const;

export function openKeySet(settings: KeySetSettings, log: Logger): KeySet {
  const { source, refreshMs, ageMaxMs, timeoutMs } = settings;
  const closing = new AbortController();
  let known: (KnownKeys & { text: string; readAtMs: number }) | undefined;
  let reading: Promise<boolean> | undefined;
  let askedAtMs = -Infinity;
  let failures = 0;

  const read = async (): Promise<boolean> => {
    try {
      const keys = await readKeySet(source, timeoutMs);
      const text = JSON.stringify(keys);
      const isSame = text === known?.text;
      const generation = (known?.generation ?? 0) + (isSame ? 0 : 1);
      const pick = isSame && known !== undefined ? known.pick : createLocalJWKSet(keys);
      known = { pick, generation, text, readAtMs: performance.now() };
      if (failures > 0 || !isSame) log.info('The keys of tokens are read.', { generation });
      failures = 0;
      return true;
    } catch (err) {
      failures += 1;
      if (failures === 1) {
        log.warn('The keys of tokens cannot be read; trying again until they can.', { err });
      }
      return false;
    }
  };
  const readOnce = (): Promise<boolean> => {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  };
  const keepReading = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const isRead = await readOnce();
      const pauseMs = isRead ? refreshMs : Math.min(refreshMs, backoffMs(RETRY, failures));
      await sleep(pauseMs, closing.signal).catch(() => undefined); // closing
    }
  };
  void keepReading();

  return {
    current: () =>
      known !== undefined && performance.now() - known.readAtMs <= ageMaxMs ? known : undefined,
    async readAgain() {
      if (reading === undefined) {
        const nowMs = performance.now();
        if (nowMs - askedAtMs < ASK_GAP_MS) return;
        askedAtMs = nowMs;
      }
      await readOnce();
    },
    close: () => closing.abort(),
  };
}
