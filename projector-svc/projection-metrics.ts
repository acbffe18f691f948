/** How late the projection is, and what feeds it, as metrics: told by each comparison of heads. */
import { gauge } from '#platform/telemetry.ts';
import type { PartitionLane } from './partition-lane.ts';
import { projectionChecks } from './pipeline-checks.ts';
import { tellStates } from './pipeline-metrics.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

const lagRecords = gauge('bank.projector.lag_records', 'Records that wait to be projected.');
const lagMs = gauge('bank.projector.lag_ms', 'Age of the oldest record that waits.', 'ms');
const fedPartitions = gauge(
  'bank.projector.outbox_fed_partitions',
  'Partitions that this replica feeds from the outbox, because Kafka does not bring them.',
);
const stoppedPartitions = gauge(
  'bank.projector.stopped_partitions',
  'Partitions that have stopped with an alarm.',
);

export function tellProjection(
  projected: readonly HeadRow[],
  heads: readonly LogHead[],
  lanes: readonly Pick<PartitionLane, 'feed' | 'alarm'>[],
): void {
  const ends = heads.reduce((sum, { seq }) => sum + seq, 0n);
  const applied = projected.reduce((sum, { seq }) => sum + seq, 0n);
  const now = Date.now();
  const late = Math.max(
    0,
    ...heads.map(({ waitingSince }) => now - (waitingSince?.getTime() ?? now)),
  );
  const fedByOutbox = lanes.filter(({ feed }) => feed === 'outbox').length;
  const stopped = lanes.filter(({ alarm }) => alarm !== '').length;
  lagRecords.set(Number(ends - applied));
  lagMs.set(late);
  fedPartitions.set(fedByOutbox);
  stoppedPartitions.set(stopped);
  tellStates(projectionChecks({ lagMs: BigInt(late), stopped, fedByOutbox }));
}
