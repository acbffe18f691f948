/**
 * Commits what a partition's records have become. Partitions whose rows are few and ready at the
 * same time share a transaction; a large one has its own, and so has one that has just failed. Each
 * moves its head from the position that it was expected at, so that nothing is applied twice,
 * whatever shares its transaction.
 */
import type pg from 'pg';
import { groupCommit } from '#platform/group-commit.ts';
import type { Logger } from '#platform/logger.ts';
import { runPipeline, type PipelineStep } from '#platform/postgres-pipeline.ts';
import { sqlStateOf } from '#platform/postgres.ts';
import { sendWatched } from '#platform/stopped-owner.ts';
import { BATCH, STOPPED_OWNER } from './config.ts';
import { HEAD_MOVED, projectRecords, type ProjectedRows } from './sql/project-records.ts';

/** The head is not where it was expected: read it again. */
export class HeadMoved extends Error {
  override readonly name = 'HeadMoved';
}

type CommitContext = {
  /** For projecting transactions only. */
  readonly pool: pg.Pool;
  /** For what must not wait behind them. */
  readonly reading: pg.Pool;
  readonly log: Logger;
  /** Leads each transaction. */
  readonly firstStep?: PipelineStep;
};

export type CommitRows = (rows: ProjectedRows) => Promise<void>;

/** `together`: with what is ready at the same time. */
export type Commits = { readonly together: CommitRows; readonly alone: CommitRows };

export function createCommits(ctx: CommitContext): Commits {
  const together = groupCommit<ProjectedRows, bigint>({
    send: (partitions) => send(ctx, partitions),
    bytesOf: ({ entries, newBalances }) => (entries?.length ?? 0) + (newBalances?.length ?? 0),
    sharedBytesMax: BATCH.sharedBytesMax,
    orderOf: ({ partition }) => partition,
    inFlightMax: BATCH.sharedInFlightMax,
  });
  return {
    together: (rows) => named(rows, together(rows)),
    alone: (rows) => named(rows, send(ctx, [rows])),
  };
}

async function named(rows: ProjectedRows, committed: Promise<unknown>): Promise<void> {
  try {
    await committed;
  } catch (error) {
    if (sqlStateOf(error) !== HEAD_MOVED) throw error;
    throw new HeadMoved(`partition ${rows.partition} is not at ${rows.expected.seq}`, {
      cause: error,
    });
  }
}

async function send(
  { pool, reading, log, firstStep }: CommitContext,
  together: readonly ProjectedRows[],
): Promise<bigint[]> {
  const watch = { watchPool: reading, stoppedOwner: STOPPED_OWNER, log };
  const steps = projectRecords(together);
  if (firstStep !== undefined) steps.unshift(firstStep);
  await sendWatched(pool, watch, (client) => runPipeline(client, steps, BATCH.answerMs));
  return together.map(({ newSeq }) => newSeq);
}
