/**
 * Wires the projector: connections, the pump and what feeds it (Kafka, the tail check), the
 * watchdog, the server. Everything opened adds its closer; what ends first is the server, last the
 * connections.
 */
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import type { GrpcServer } from '#platform/grpc-server.ts';
import { createKafka } from '#platform/kafka.ts';
import { openLeasedMode } from '#platform/leased-mode.ts';
import type { LeasedMode } from '#platform/leased-mode.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { listen } from '#platform/postgres-listen.ts';
import { unary } from '#platform/unary.ts';
import { sleep } from '#platform/waiting.ts';
import { ProjectorServiceService } from '#proto/bank/v1/projector_service.ts';
import { createCommits } from './commit-rows.ts';
import { createWatchers } from './acknowledgement-watchers.ts';
import { streamAcknowledgements } from './acknowledgements.ts';
import { DRAIN_MS, READY_WAIT_MS } from './config.ts';
import type { ProjectorConfig, ProjectSettings } from './config.ts';
import { stepLane } from './lane-step.ts';
import { startConsumer } from './outbox-consumer.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { newLane } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import { watchPipeline } from './pipeline-watchdog.ts';
import { CHANNEL, EVERYONE, createAnnouncer } from './projected-notices.ts';
import { createProjectionHealth } from './projection-health.ts';
import type { ProjectionHealth } from './projection-health.ts';
import { getProjectionStatus } from './projection-status.ts';
import { createPump } from './projection-pump.ts';
import { openRebuilds } from './open-rebuilds.ts';
import { rebuildCalls } from './rebuild-requests.ts';
import { reconcile } from './reconcile.ts';
import { LOCK_CLASS, createSessionLocks } from './session-locks.ts';
import { openStores } from './stores.ts';
import type { Stores } from './stores.ts';
import { compareRegularly, createTailCheck } from './tail-check.ts';

const SERVICE = 'bank.v1.ProjectorService';
const NAME = 'projector-svc';
/** The leases' name in Redis, the same in every service. */
const BULK_MODE = 'bulk_mode';

/** Answers host:port when it serves and its consumer has its partitions (or Kafka is away). */
export async function startProjector(
  config: ProjectorConfig,
  ctx: ServiceContext,
): Promise<string> {
  const { redisUrl, instance, normal: off, bulk: on } = config;
  const names = { name: BULK_MODE, service: NAME, instance };
  const mode = openLeasedMode({ redisUrl, ...names, off, on, log: ctx.log });
  ctx.closers.add('bulk mode', mode.close);
  const stores = await openStores(config, ctx);
  const { partitionCount } = stores.ledger;
  const lanes = Array.from({ length: partitionCount }, (_, partition) => newLane(partition));
  const grpc = createGrpcServer({ log: ctx.log });
  const health = createProjectionHealth(lanes, ctx.log, (serving) =>
    grpc.setServing(SERVICE, serving),
  );
  const consumer = await startProjecting(config, ctx, stores, lanes, health, mode);
  startWatchdog(config, ctx, stores);
  const address = await startServing(config, ctx, stores, lanes, grpc);
  // Without Kafka it serves too: the outbox feeds it.
  await Promise.race([consumer.joined, sleep(READY_WAIT_MS, ctx.stopping)]);
  return address;
}

async function startProjecting(
  config: ProjectorConfig,
  { closers, log, stopping, fail }: ServiceContext,
  stores: Stores,
  lanes: readonly PartitionLane[],
  health: ProjectionHealth,
  mode: LeasedMode<ProjectSettings>,
): Promise<OutboxConsumer> {
  const { eventStore, reading, projecting, ledger } = stores;
  const locks = createSessionLocks({
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-fill`,
    lockClass: LOCK_CLASS.fill,
    log,
  });
  closers.add('fill locks', locks.close);
  const announcer = createAnnouncer(reading, log);
  closers.add('notices', announcer.flush);
  const { announce } = announcer;
  const commits = createCommits({ pool: projecting, reading, log });
  const stepping = { commits, reading, eventStore, locks, log, announce, mode };
  const pump = createPump({
    lanes,
    step: (lane) => stepLane(stepping, lane),
    settings: mode.settings,
    log,
    fail,
  });
  mode.onChange(pump.settingsChanged);
  closers.add('pump', pump.stop);
  const tail = { reading, eventStore, lanes, pump, logId: ledger.logId, health, log, fail };
  const check = createTailCheck(tail);
  await check.compare(); // before anything is applied: is this projection of this event store?
  const comparing = compareRegularly(tail, check, stopping);
  closers.add('tail check', () => comparing);
  const kafka = createKafka(config.kafkaBrokers, config.instance, log);
  const { topic, consumerGroup } = config;
  const consumer = startConsumer({
    kafka,
    topic,
    consumerGroup,
    lanes,
    log,
    stopping,
    fail,
    onRecords: pump.add,
  });
  pump.onDrained(consumer.adjust);
  closers.add('consumer', consumer.stop);
  return consumer;
}

function startWatchdog(
  config: ProjectorConfig,
  { closers, stopping, log }: ServiceContext,
  { eventStore }: Stores,
): void {
  const { connectUrl } = config;
  if (connectUrl === undefined) {
    log.warn('BANK_CONNECT_URL is not set: nobody mends the pipeline to Kafka.');
    return;
  }
  const locks = createSessionLocks({
    url: config.eventStoreUrl,
    applicationName: `${config.instance}-watchdog`,
    lockClass: LOCK_CLASS.watchdog,
    log,
  });
  closers.add('watchdog lock', locks.close);
  const watching = watchPipeline({ eventStore, locks, connectUrl, log, stopping });
  closers.add('watchdog', () => watching);
}

async function startServing(
  config: ProjectorConfig,
  ctx: ServiceContext,
  stores: Stores,
  lanes: readonly PartitionLane[],
  grpc: GrpcServer,
): Promise<string> {
  const { closers, log, stopping } = ctx;
  const { reading, eventStore, ledger } = stores;
  const watchers = createWatchers();
  const listener = listen({
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-listen`,
    channel: CHANNEL,
    log,
    onNotice: watchers.wake,
    onListening: () => watchers.wake(EVERYONE),
  });
  closers.add('listener', listener.close);
  const { logId, partitionCount } = ledger;
  const acknowledging = { pool: reading, watchers, logId, partitionCount, log, stopping };
  grpc.server.addService(
    ProjectorServiceService,
    unimplemented(ProjectorServiceService, {
      streamAcknowledgements: streamAcknowledgements(acknowledging),
      getProjectionStatus: unary(log, () => getProjectionStatus({ reading, eventStore, lanes })),
      reconcile: reconcile({ reading, eventStore, ledger, log, stopping }),
      ...rebuildCalls(openRebuilds(config, ctx, stores), log),
    }),
  );
  const address = await grpc.serve(config.listen);
  closers.add('server', () => grpc.drain(DRAIN_MS));
  return address;
}
