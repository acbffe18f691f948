/**
 * GetProjectionStatus: how far each partition is, read from both stores when it is asked for, and
 * what the watch over the pipeline saw last.
 */
import type pg from 'pg';
import { nowMicros, timestampFromDate, timestampFromMicros } from '#platform/timestamps.ts';
import type {
  GetProjectionStatusResponse,
  PartitionStatus,
} from '#proto/bank/v1/projector_service.ts';
import type { PartitionLane } from './partition-lane.ts';
import { pipelineStatus } from './pipeline-status.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import { countDeadLetters } from './sql/count-dead-letters.ts';
import type { LetterCounts } from './sql/count-dead-letters.ts';
import { readLogHeads } from './sql/read-log-heads.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';
import { differenceOf } from './tail-check.ts';
import { unlessLost } from './unless-lost.ts';

export type StatusContext = {
  reading: pg.Pool;
  eventStore: pg.Pool;
  lanes: readonly PartitionLane[];
  pipeline: Pick<PipelineWatch, 'latest'>;
};

export async function getProjectionStatus(
  ctx: StatusContext,
): Promise<GetProjectionStatusResponse> {
  const [projected, letters] = await unlessLost('PROJECTION_UNAVAILABLE', () =>
    Promise.all([readProjectedHeads(ctx.reading), countDeadLetters(ctx.reading)]),
  );
  const log = await unlessLost('EVENT_STORE_UNAVAILABLE', () =>
    readLogHeads(ctx.eventStore, projected),
  );
  const heads = new Map(log.heads.map((head) => [head.partition, head]));
  const partitions = projected.map((row) =>
    statusOf(
      row,
      heads.get(row.partition),
      ctx.lanes[row.partition],
      letters.get(row.partition) ?? NO_LETTERS,
    ),
  );
  const sum = (of: (partition: PartitionStatus) => bigint): bigint =>
    partitions.reduce((all, partition) => all + of(partition), 0n);
  const lagMs = partitions.reduce((most, one) => (one.lagMs > most ? one.lagMs : most), 0n);
  const deadLetters = sum((partition) => partition.deadLetters);
  const parkedAccounts = sum((partition) => partition.parkedAccounts);
  return {
    logId: log.logId,
    partitions,
    lagRecords: sum(({ lagRecords }) => lagRecords),
    lagMs,
    filledRecords: sum(({ filledRecords }) => filledRecords),
    observedAt: timestampFromMicros(nowMicros()),
    pipeline: pipelineStatus(ctx.pipeline.latest(), {
      lagMs,
      stopped: partitions.filter(({ alarm }) => alarm !== '').length,
      fedByOutbox: partitions.filter(({ outboxFeeds }) => outboxFeeds).length,
      deadLetters,
      parkedAccounts,
    }),
    deadLetters,
    parkedAccounts,
  };
}

const NO_LETTERS: LetterCounts = { letters: 0n, accounts: 0n };

function statusOf(
  row: HeadRow,
  head: LogHead | undefined,
  lane: PartitionLane | undefined,
  { letters, accounts }: LetterCounts,
): PartitionStatus {
  const headSeq = head?.seq ?? 0n;
  // Being ahead is no alarm at once: the comparison of heads says when it is one.
  const mayDiffer = head !== undefined && row.seq <= head.seq;
  const waitedMs = head?.waitingSince === undefined ? 0 : Date.now() - head.waitingSince.getTime();
  return {
    partition: row.partition,
    appliedSeq: row.seq,
    headSeq,
    lagRecords: headSeq - row.seq,
    lagMs: BigInt(Math.max(0, waitedMs)),
    filledRecords: row.filledRecords,
    projectedAt: row.projectedAt && timestampFromDate(row.projectedAt),
    kafkaOffset: lane?.kafkaOffset,
    alarm: lane?.alarm || (mayDiffer && differenceOf(row, head)) || '',
    outboxFeeds: lane?.feed === 'outbox',
    deadLetters: letters,
    parkedAccounts: accounts,
  };
}
