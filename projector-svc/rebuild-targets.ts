/**
 * Up to where each partition of a rebuild is filled: to the position of the live projection, so
 * that the two can be compared there and swapped, and what was acknowledged stays acknowledged. A
 * live partition that is not of this event store (it is ahead, or holds another batch at its
 * position: an older copy was restored) is no measure: there it is the head of the log.
 */
import type pg from 'pg';
import { readLogHeads } from './sql/read-log-heads.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import { readRebuiltHeads } from './sql/read-rebuilt-heads.ts';
import type { RebuiltHead } from './sql/read-rebuilt-heads.ts';
import { differenceOf } from './tail-check.ts';

export type Target = {
  readonly partition: number;
  /** Where the rebuild is. */
  readonly head: RebuiltHead;
  /** Where it is to be. */
  readonly seq: bigint;
  /** Why the live projection is no measure; undefined: it is. */
  readonly liveDiffers: string | undefined;
};

/** The event store is not the one that the rebuild was filled from: it can only begin anew. */
export class RebuildOutdated extends Error {
  override readonly name = 'RebuildOutdated';
}

export async function readTargets(
  { reading, eventStore }: { reading: pg.Pool | pg.PoolClient; eventStore: pg.Pool },
  rebuilding: pg.Pool,
): Promise<Target[]> {
  // The event store last: it can only have gone on.
  const live = await readProjectedHeads(reading);
  const rebuilt = new Map((await readRebuiltHeads(rebuilding)).map((one) => [one.partition, one]));
  const atLive = byPartition((await readLogHeads(eventStore, live)).heads);
  const atRebuilt = byPartition((await readLogHeads(eventStore, [...rebuilt.values()])).heads);
  return live.map((head) => {
    const { partition } = head;
    const own = rebuilt.get(partition);
    const log = atLive.get(partition);
    const logAtOwn = atRebuilt.get(partition);
    if (own === undefined || log === undefined || logAtOwn === undefined) {
      throw new RebuildOutdated(`partition ${partition} is not in all stores`);
    }
    const wrong = differenceOf(own, logAtOwn);
    if (wrong !== undefined) {
      throw new RebuildOutdated(`the rebuild is of another event store: ${wrong}`);
    }
    const liveDiffers = differenceOf(head, log);
    const seq = liveDiffers === undefined ? head.seq : logAtOwn.seq;
    return { partition, head: own, seq, liveDiffers };
  });
}

function byPartition(heads: readonly LogHead[]): Map<number, LogHead> {
  return new Map(heads.map((head) => [head.partition, head]));
}
