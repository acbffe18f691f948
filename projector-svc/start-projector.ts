/**
 * Wires the projector: connections, the pump and what feeds it (Kafka, the tail check), the watch
 * over the pipeline, the server. Everything opened adds its closer; what ends first is the server,
 * last the connections.
 */
import { audited, writeAudit } from '#platform/audit.ts';
import { auditRefusals } from '#platform/audited-refusals.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import type { GrpcServer, Starting } from '#platform/grpc-server.ts';
import { createKafka } from '#platform/kafka.ts';
import { openLeasedMode } from '#platform/leased-mode.ts';
import type { LeasedMode } from '#platform/leased-mode.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { listen } from '#platform/postgres-listen.ts';
import { whenThere } from '#platform/postgres.ts';
import { quotasOf } from '#platform/quotas.ts';
import { unary } from '#platform/unary.ts';
import { sleep } from '#platform/waiting.ts';
import {
  ProjectorServiceService,
  type RetryDeadLettersRequest,
} from '#proto/bank/v1/projector_service.ts';
import { createCommits } from './commit-rows.ts';
import { createWatchers } from './acknowledgement-watchers.ts';
import { streamAcknowledgements } from './acknowledgements.ts';
import { PROJECTOR_SCOPES } from './call-scopes.ts';
import { DRAIN_MS, READY_WAIT_MS } from './config.ts';
import type { ProjectorConfig, ProjectSettings } from './config.ts';
import { stepLane } from './lane-step.ts';
import { purgeRegularly } from './erased-texts.ts';
import { listDeadLetters } from './list-dead-letters.ts';
import { startConsumer } from './outbox-consumer.ts';
import type { OutboxConsumer } from './outbox-consumer.ts';
import { newLane } from './partition-lane.ts';
import type { PartitionLane } from './partition-lane.ts';
import { CHANNEL, EVERYONE, createAnnouncer } from './projected-notices.ts';
import type { Announcer } from './projected-notices.ts';
import { createProjectionHealth } from './projection-health.ts';
import type { ProjectionHealth } from './projection-health.ts';
import { getProjectionStatus } from './projection-status.ts';
import type { StatusContext } from './projection-status.ts';
import { createPump } from './projection-pump.ts';
import { openRebuilds } from './open-rebuilds.ts';
import { rebuildCalls } from './rebuild-requests.ts';
import { reconcile } from './reconcile.ts';
import { retryDeadLetters } from './retry-dead-letters.ts';
import { LOCK_CLASS, createSessionLocks } from './session-locks.ts';
import { openStores } from './stores.ts';
import type { Stores } from './stores.ts';
import { watchPipeline } from './start-pipeline-watch.ts';
import { compareRegularly, createTailCheck } from './tail-check.ts';

const SERVICE = 'bank.v1.ProjectorService';
const NAME = 'projector-svc';
/** The leases' name in Redis, the same in every service. */
const BULK_MODE = 'bulk_mode';

/** Until the stores are there. */
const STARTING: Starting = {
  services: [ProjectorServiceService],
  reason: 'PROJECTION_UNAVAILABLE',
  message: 'the service has not started: it waits for its stores',
};

/** Answers host:port when it serves and its consumer has its partitions (or Kafka is away). */
export async function startProjector(
  config: ProjectorConfig,
  ctx: ServiceContext,
): Promise<string> {
  const { redisUrl, instance, normal: off, bulk: on } = config;
  const names = { name: BULK_MODE, service: NAME, instance };
  const mode = openLeasedMode({ redisUrl, ...names, off, on, log: ctx.log });
  ctx.closers.add('bulk mode', mode.close);
  const refusals = auditRefusals(ctx.log);
  const outermost = refusals.interceptor;
  const { server: limits, auth, tls } = config;
  const access = { auth, scopes: PROJECTOR_SCOPES, quotas: quotasOf(config, ctx) };
  const grpc = createGrpcServer({ log: ctx.log, limits, tls, access, outermost });
  const address = await grpc.listen(config.listen, STARTING);
  ctx.closers.add('listener', () => grpc.drain(0));
  const stores = await openStores(config, ctx);
  refusals.writeTo((entries) => writeAudit(stores.reading, ...entries));
  ctx.closers.add('audited refusals', refusals.close);
  const { partitionCount } = stores.ledger;
  const lanes = Array.from({ length: partitionCount }, (_, partition) => newLane(partition));
  const health = createProjectionHealth(lanes, ctx.log, (serving) =>
    grpc.setServing(SERVICE, serving),
  );
  const announcer = createAnnouncer(stores.reading, ctx.log);
  ctx.closers.add('notices', announcer.flush);
  const { announce } = announcer;
  const consumer = await startProjecting(config, ctx, stores, lanes, health, mode, announce);
  const pipeline = watchPipeline(config, ctx, stores);
  startServing(config, ctx, stores, { lanes, pipeline }, grpc, announce);
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
  announce: Announcer['announce'],
): Promise<OutboxConsumer> {
  const { eventStore, reading, projecting, watching, ledger, texts } = stores;
  const { partitionCount } = ledger;
  const locks = createSessionLocks({
    url: config.projectionStoreUrl,
    applicationName: `${config.instance}-fill`,
    lockClass: LOCK_CLASS.fill,
    log,
  });
  closers.add('fill locks', locks.close);
  const commits = createCommits({ pool: projecting, reading, log });
  const steps = { commits, projecting, reading, eventStore, partitionCount };
  const stepping = { ...steps, texts, locks, log, announce, mode };
  const pump = createPump({
    lanes,
    step: (lane) => stepLane(stepping, lane),
    settings: mode.settings,
    log,
    fail,
  });
  mode.onChange(pump.settingsChanged);
  closers.add('pump', pump.stop);
  const tail = {
    reading: watching,
    eventStore,
    lanes,
    pump,
    logId: ledger.logId,
    health,
    log,
    fail,
  };
  const check = createTailCheck(tail);
  // Before anything is applied: is this projection of this event store?
  await whenThere('both stores', { log, stopping }, () => check.compare());
  const comparing = compareRegularly(tail, check, stopping);
  closers.add('tail check', () => comparing);
  const purging = purgeRegularly({ eventStore, projection: reading, texts, log }, stopping);
  closers.add('erased texts', () => purging);
  const security = config.kafkaSecurity;
  const kafka = createKafka(config.kafkaBrokers, config.instance, log, { security });
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

function startServing(
  config: ProjectorConfig,
  ctx: ServiceContext,
  stores: Stores,
  shown: Pick<StatusContext, 'lanes' | 'pipeline'>,
  grpc: GrpcServer,
  announce: Announcer['announce'],
): void {
  const { closers, log, stopping } = ctx;
  const { reading, projecting, eventStore, ledger, texts } = stores;
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
  const telling = { pool: reading, eventStore, watchers, logId, partitionCount, log, stopping };
  const audit = { db: reading, log };
  const retrying = { projecting, reading, eventStore, texts, partitionCount, log, announce };
  grpc.server.addService(
    ProjectorServiceService,
    unimplemented(ProjectorServiceService, {
      streamAcknowledgements: streamAcknowledgements(telling),
      getProjectionStatus: unary(log, () => getProjectionStatus({ reading, eventStore, ...shown })),
      listDeadLetters: unary(log, listDeadLetters({ reading, logId })),
      retryDeadLetters: unary(
        log,
        audited(audit, 'RetryDeadLetters', retried, retryDeadLetters(retrying)),
      ),
      reconcile: reconcile({ reading, eventStore, texts, ledger, log, stopping }),
      ...rebuildCalls(openRebuilds(config, ctx, stores), log, audit),
    }),
  );
  grpc.open();
  closers.add('server', () => grpc.drain(DRAIN_MS));
}

function retried({ selection }: RetryDeadLettersRequest): string {
  return selection === undefined ? '' : `${selection.$case} ${selection.value}`;
}
