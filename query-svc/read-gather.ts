/**
 * Reads of accounts that are asked for at about the same time, as one: while reads are in flight
 * the next ones gather, and go together when one of them is back. A read starts only after it was
 * asked for, so that it sees what was there then. At idle nothing waits longer than the events that
 * are at hand.
 */
import type { AccountView } from './account-view.ts';

/** Accounts with the least version that each should have. */
export type Wanted = ReadonlyMap<string, bigint>;
export type ReadAccounts = (wanted: Wanted) => Promise<ReadonlyMap<string, AccountView>>;

type Gathered = {
  readonly wanted: Map<string, bigint>;
  readonly promise: Promise<ReadonlyMap<string, AccountView>>;
  readonly start: () => void;
};

export type GatherLimits = {
  /** Reads in flight; the next ones gather meanwhile. */
  readonly readsMax: number;
  /** Accounts of one read. A caller that wants more reads alone. */
  readonly accountsMax: number;
};

export function gatherReads(
  read: ReadAccounts,
  { readsMax, accountsMax }: GatherLimits,
): ReadAccounts {
  const waiting: Gathered[] = [];
  let inFlight = 0;
  let isPlanned = false;

  const startNext = (): void => {
    while (inFlight < readsMax) {
      const next = waiting.shift();
      if (next === undefined) return;
      inFlight++;
      next.start();
    }
  };
  /** Behind the events that are at hand, which may ask for more. */
  const plan = (): void => {
    if (isPlanned || inFlight >= readsMax) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      startNext();
    });
  };
  const gather = (): Gathered => {
    const wanted = new Map<string, bigint>();
    const { promise, resolve } = Promise.withResolvers<ReadonlyMap<string, AccountView>>();
    const start = (): void => {
      const reading = read(wanted).finally(() => {
        inFlight--;
        startNext();
      });
      resolve(reading);
    };
    return { wanted, promise, start };
  };
  return async (wanted) => {
    if (wanted.size > accountsMax) return await read(wanted);
    let last = waiting.at(-1);
    if (last === undefined || last.wanted.size + wanted.size > accountsMax) {
      last = gather();
      waiting.push(last);
    }
    for (const [accountId, minVersion] of wanted) {
      const before = last.wanted.get(accountId) ?? 0n;
      last.wanted.set(accountId, minVersion > before ? minVersion : before);
    }
    plan();
    return await last.promise;
  };
}
