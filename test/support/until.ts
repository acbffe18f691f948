/**
 * Waiting on a condition, never on luck: asks again and again until the answer is something, and
 * fails with what was waited for (and, where given, what stood there instead) when the time is
 * over.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export type UntilOptions = {
  timeoutMs?: number;
  everyMs?: number;
  /** What to tell when it never came. */
  detail?: () => string | Promise<string>;
};

/** The first answer of `ask` that is neither undefined nor false. */
export async function until<T>(
  what: string,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  { timeoutMs = 20_000, everyMs = 20, detail }: UntilOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) {
      const more = detail === undefined ? '' : `; ${await detail()}`;
      throw new Error(`waited ${timeoutMs} ms for: ${what}${more}`);
    }
    await sleep(everyMs);
  }
}
