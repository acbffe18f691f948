/**
 * The load of a run: what its parts have in common. Each part is a loop that goes on until the run
 * stops, waits for its last answers, and writes what it saw into the record.
 */
import { sleep } from '#platform/waiting.ts';
import { seededRandom, type Random } from '#test/support/random.ts';
import type { CommandTry, SeenAccount, SeenOperation, SentSubmission } from '../history/history.ts';
import type { FaultyMesh } from '../mesh/faulty-mesh.ts';
import type { KnownAccounts } from './known-accounts.ts';

export type RunRecord = {
  readonly tries: CommandTry[];
  readonly submissions: SentSubmission[];
  readonly reads: SeenAccount[];
  readonly lookups: SeenOperation[];
  readonly totals: { atMs: number; totalMinor: bigint }[];
  readonly feed: Map<number, string[]>;
  /** How often something was asked in vain, by what and why. */
  readonly inVain: Map<string, number>;
};

export function newRecord(): RunRecord {
  return {
    tries: [],
    submissions: [],
    reads: [],
    lookups: [],
    totals: [],
    feed: new Map(),
    inVain: new Map(),
  };
}

export type LoadContext = {
  readonly mesh: FaultyMesh;
  readonly known: KnownAccounts;
  readonly record: RunRecord;
  /** Aborted: no new work is begun; what was begun is finished. */
  readonly stopping: AbortSignal;
};

/** Counts what did not come to anything. */
export function inVain({ inVain }: RunRecord, what: string): void {
  inVain.set(what, (inVain.get(what) ?? 0) + 1);
}

/** Runs `work` again and again, each time after a pause, until the run stops. */
export async function loop(
  { stopping }: Pick<LoadContext, 'stopping'>,
  pauseMs: number,
  work: () => Promise<void>,
): Promise<void> {
  while (!stopping.aborted) {
    await work();
    // Cut short by the stop, which is no error here.
    await sleep(pauseMs, stopping).catch(() => undefined);
  }
}

/** A part's own random numbers: what one part draws changes nothing for another. */
export function randomOf(seed: number, part: number): Random {
  return seededRandom(seed + 7919 * (part + 1));
}
