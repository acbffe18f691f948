/** How late the projection is, and what feeds it, as metrics: told by each comparison of heads. */
import { gauge } from '#platform/telemetry.ts';
import type { PartitionLane } from './partition-lane.ts';
import { projectionChecks } from './pipeline-checks.ts';
import { eventsARecordLately } from './project-metrics.ts';
import { tellStates } from './pipeline-metrics.ts';
import type { LogHead } from './sql/read-log-heads.ts';
import type { HeadRow } from './sql/read-projected-heads.ts';

const lagRecords = gauge(
  'bank.projector.lag.records',
  'Records of the log (a batch each) that wait to be projected.',
  '{record}',
);
const lagEvents = gauge(
  'bank.projector.lag.events',
  'Events that wait to be projected: those of the records that have come, and for the others as ' +
    'many a record as in those that were projected last.',
  '{event}',
);
const lagTime = gauge('bank.projector.lag.time', 'Age of the oldest record that waits.', 's');
const fedPartitions = gauge(
  'bank.projector.outbox_fed_partitions',
  'Partitions that this replica feeds from the outbox, because Kafka does not bring them.',
  '{partition}',
);
const stoppedPartitions = gauge(
  'bank.projector.stopped_partitions',
  'Partitions that have stopped with an alarm.',
  '{partition}',
);

export function tellProjection(
  projected: readonly HeadRow[],
  heads: readonly LogHead[],
  lanes: readonly Pick<PartitionLane, 'feed' | 'alarm' | 'queue' | 'queuedEvents'>[],
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
  const waiting = Number(ends - applied);
  const came = lanes.reduce((sum, { queue }) => sum + queue.length, 0);
  const cameEvents = lanes.reduce((sum, { queuedEvents }) => sum + queuedEvents, 0);
  const others = Math.max(0, waiting - came) * eventsARecordLately();
  lagRecords.set(waiting);
  lagEvents.set(waiting <= 0 ? 0 : Math.round(cameEvents + others));
  lagTime.set(late / 1_000);
  fedPartitions.set(fedByOutbox);
  stoppedPartitions.set(stopped);
  tellStates(projectionChecks({ lagMs: BigInt(late), stopped, fedByOutbox }));
}
