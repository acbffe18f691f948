/**
 * GetProjectionStatus: how far each partition is, read from both stores when it is asked for, and
 * what the watch over the pipeline saw last.
 */
import { status } from '@grpc/grpc-js';
import type pg from 'pg';
import { refusal } from '#platform/grpc-errors.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { nowMicros, timestampFromDate, timestampFromMicros } from '#platform/timestamps.ts';
import type {
  GetProjectionStatusResponse,
  PartitionStatus,
} from '#proto/bank/v1/projector_service.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';
import type { PartitionLane } from './partition-lane.ts';
import { pipelineStatus } from './pipeline-status.ts';
import type { PipelineWatch } from './pipeline-watch.ts';
import { readLogHeads } from './sql/read-log-heads.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';
import { differenceOf } from './tail-check.ts';

export type StatusContext = {
  reading: pg.Pool;
  eventStore: pg.Pool;
  lanes: readonly PartitionLane[];
  pipeline: Pick<PipelineWatch, 'latest'>;
};

export async function getProjectionStatus(
  ctx: StatusContext,
): Promise<GetProjectionStatusResponse> {
  const projected = await unlessLost('PROJECTION_UNAVAILABLE', () =>
    readProjectedHeads(ctx.reading),
  );
  const log = await unlessLost('EVENT_STORE_UNAVAILABLE', () =>
    readLogHeads(ctx.eventStore, projected),
  );
  const heads = new Map(log.heads.map((head) => [head.partition, head]));
  const partitions = projected.map((row) =>
    statusOf(row, heads.get(row.partition), ctx.lanes[row.partition]),
  );
  const lagMs = partitions.reduce((most, one) => (one.lagMs > most ? one.lagMs : most), 0n);
  return {
    logId: log.logId,
    partitions,
    lagRecords: partitions.reduce((sum, partition) => sum + partition.lagRecords, 0n),
    lagMs,
    filledRecords: partitions.reduce((sum, partition) => sum + partition.filledRecords, 0n),
    observedAt: timestampFromMicros(nowMicros()),
    pipeline: pipelineStatus(ctx.pipeline.latest(), {
      lagMs,
      stopped: partitions.filter(({ alarm }) => alarm !== '').length,
      fedByOutbox: partitions.filter(({ outboxFeeds }) => outboxFeeds).length,
    }),
  };
}

function statusOf(
  row: HeadRow,
  head: LogHead | undefined,
  lane: PartitionLane | undefined,
): PartitionStatus {
  const headSeq = head?.seq ?? 0n;
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
    alarm: lane?.alarm || (head && differenceOf(row, head)) || '',
    outboxFeeds: lane?.feed === 'outbox',
  };
}

async function unlessLost<T>(reason: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    throw refusal(status.UNAVAILABLE, reason, 'a database cannot be reached', {
      retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
      cause: error,
    });
  }
}
