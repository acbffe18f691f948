/**
 * What is stored and what is projected, looked at again and again: the rate between two moments,
 * the greatest lag between them, and how much came from the outbox and not by Kafka.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Stores } from '#test/support/stored-rows.ts';

const EVERY_MS = 250;

export type LagSample = {
  readonly atMs: number;
  readonly stored: number;
  readonly projected: number;
  /** Records that the outbox brought. */
  readonly filled: number;
};

export type Span = {
  readonly storedPerSecond: number;
  readonly projectedPerSecond: number;
  readonly lagItemsMax: number;
  readonly filledRecords: number;
};

export type LagSampling = {
  readonly samples: readonly LagSample[];
  /** Resolves when a sample says so. */
  until(is: (sample: LagSample) => boolean): Promise<void>;
  stop(): Promise<void>;
};

/** Counts from what is there now on; only this submission is stored meanwhile. */
export async function sampleLag(
  { eventStore, projectionStore }: Stores,
  submissionId: string,
): Promise<LagSampling> {
  const before = await projectedNow(projectionStore);
  const samples: LagSample[] = [];
  const state = { isOver: false };
  const running = (async () => {
    while (!state.isOver) {
      const projected = await projectedNow(projectionStore);
      samples.push({
        atMs: performance.now(),
        stored: await storedItems(eventStore, submissionId),
        projected: projected.events - before.events,
        filled: projected.filled - before.filled,
      });
      await sleep(EVERY_MS);
    }
  })();
  running.catch(() => undefined);
  return {
    samples,
    until: async (is) => {
      for (;;) {
        const last = samples.at(-1);
        if (last !== undefined && is(last)) return;
        await Promise.race([sleep(EVERY_MS), running]);
      }
    },
    stop: () => {
      state.isOver = true;
      return running;
    },
  };
}

export function spanOf(samples: readonly LagSample[], fromMs: number, toMs: number): Span {
  const within = samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  const [first] = within;
  const last = within.at(-1);
  if (first === undefined || last === undefined) throw new Error('no sample in that time');
  const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1000);
  return {
    storedPerSecond: (last.stored - first.stored) / seconds,
    projectedPerSecond: (last.projected - first.projected) / seconds,
    lagItemsMax: Math.max(...within.map(({ stored, projected }) => stored - projected)),
    filledRecords: last.filled - first.filled,
  };
}

async function projectedNow(store: pg.Pool): Promise<{ events: number; filled: number }> {
  const { rows } = await store.query<{ events: bigint; filled: bigint }>(
    `select sum(events)::bigint as events, sum(filled_records)::bigint as filled
       from projected_heads`,
  );
  return { events: Number(rows[0]?.events ?? 0n), filled: Number(rows[0]?.filled ?? 0n) };
}

async function storedItems(store: pg.Pool, submissionId: string): Promise<number> {
  const { rows } = await store.query<{ accepted: bigint | null }>(
    `select sum(accepted)::bigint as accepted from submission_batches
      where tenant = '' and submission_id = $1`,
    [submissionId],
  );
  return Number(rows[0]?.accepted ?? 0n);
}
