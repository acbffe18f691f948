/**
 * What a rate of deposits asks of each part, from measured costs of one item: the calculation of
 * docs/scale.md. Linear in the rate, which is what batching by lanes and one log a partition allow;
 * what is not linear (what a server, a slot or a thread can give at most) is a limit.
 */

/** Measured: the figures of the benchmark, by name. */
export type UnitCosts = (figure: string) => number;

/** What one of each gives at most. Assumptions, not measurements; each is an option of the script. */
export type Limits = {
  /** Of a core, of a thread, of a disk: what is planned with. */
  readonly utilisation: number;
  readonly serverCores: number;
  /** A device that keeps its pace with a flush a batch. */
  readonly walMegabytesPerSecond: number;
  readonly brokerMegabytesPerSecond: number;
  readonly kafkaReplicas: number;
  readonly connectionsPerServer: number;
};

export const LIMITS: Limits = {
  utilisation: 0.6,
  serverCores: 64,
  walMegabytesPerSecond: 500,
  brokerMegabytesPerSecond: 100,
  kafkaReplicas: 3,
  connectionsPerServer: 1_000,
};

export type Demand = {
  readonly itemsPerSecond: number;
  readonly itemsPerDay: number;
  readonly commandReplicas: number;
  readonly projectorReplicas: number;
  readonly postgresCores: number;
  readonly eventStoreWalMegabytes: number;
  readonly projectionWalMegabytes: number;
  readonly walTerabytesPerDay: number;
  readonly commitsPerSecond: number;
  readonly eventStoreServers: number;
  readonly projectionStoreServers: number;
  readonly partitions: number;
  readonly kafkaMegabytes: number;
  readonly kafkaBrokers: number;
  readonly slots: number;
  readonly redisCommandsPerSecond: number;
  readonly redisNodes: number;
  readonly eventStoreConnections: number;
  readonly projectionStoreConnections: number;
};

const SECONDS_PER_DAY = 86_400;
const MEGA = 1_000_000;
/** Partitions are chosen once, in this grain. */
const PARTITION_GRAIN = 16;

export function demandAt(itemsPerSecond: number, costs: UnitCosts, limits: Limits): Demand {
  const cores = (figure: string): number => (itemsPerSecond * costs(figure)) / MEGA;
  const units = (need: number): number => Math.max(1, Math.ceil(need / limits.utilisation));
  const megabytes = (figure: string): number => (itemsPerSecond * costs(figure)) / MEGA;
  const eventWal = megabytes('wal.event_store_bytes');
  const projectionWal = megabytes('wal.projection_store_bytes');
  const postgresCores = cores('cpu.postgres_us') / limits.utilisation;
  const servers = (wal: number): number => {
    const byCores = (postgresCores * wal) / (eventWal + projectionWal) / limits.serverCores;
    const byWal = wal / limits.walMegabytesPerSecond / limits.utilisation;
    return Math.max(1, Math.ceil(Math.max(byCores, byWal)));
  };
  const commandReplicas = units(cores('cpu.command_us'));
  const projectorReplicas = units(cores('cpu.projector_us'));
  const kafkaMegabytes = megabytes('outbox.bytes');
  const toDisk = kafkaMegabytes * limits.kafkaReplicas;
  // One account that takes all keeps one lane busy: what a partition carries at most.
  const perPartition = costs('bulk.acknowledged_per_s') * costs('bulk.hot_account_over_uniform');
  const partitions = itemsPerSecond / (perPartition * limits.utilisation);
  return {
    itemsPerSecond,
    itemsPerDay: itemsPerSecond * SECONDS_PER_DAY,
    commandReplicas,
    projectorReplicas,
    postgresCores,
    eventStoreWalMegabytes: eventWal,
    projectionWalMegabytes: projectionWal,
    walTerabytesPerDay: ((eventWal + projectionWal) * SECONDS_PER_DAY) / MEGA,
    commitsPerSecond: (itemsPerSecond / costs('outbox.items_per_record')) * 2,
    eventStoreServers: servers(eventWal),
    projectionStoreServers: servers(projectionWal),
    partitions: Math.ceil(partitions / PARTITION_GRAIN) * PARTITION_GRAIN,
    kafkaMegabytes,
    kafkaBrokers: Math.max(
      limits.kafkaReplicas,
      Math.ceil(toDisk / limits.brokerMegabytesPerSecond / limits.utilisation),
    ),
    slots: units(cores('cpu.connect_us')),
    redisCommandsPerSecond: itemsPerSecond * costs('redis.commands'),
    redisNodes: units(cores('cpu.redis_us')),
    eventStoreConnections: commandReplicas * costs('postgres.connections_event_store'),
    projectionStoreConnections: projectorReplicas * costs('postgres.connections_projection_store'),
  };
}

export type Ceiling = { readonly what: string; readonly itemsPerSecond: number };

/** The rate at which one of each is used up. */
export function ceilings(costs: UnitCosts, limits: Limits): Ceiling[] {
  const { utilisation, serverCores, walMegabytesPerSecond, connectionsPerServer } = limits;
  const perCore = (figure: string): number => (utilisation * MEGA) / costs(figure);
  const [eventWal, projectionWal] = [
    costs('wal.event_store_bytes'),
    costs('wal.projection_store_bytes'),
  ];
  const byWal = (bytes: number): number => (walMegabytesPerSecond * utilisation * MEGA) / bytes;
  const byCores = (bytes: number): number =>
    (perCore('cpu.postgres_us') * serverCores * (eventWal + projectionWal)) / bytes;
  const perReplica = perCore('cpu.command_us') / costs('postgres.connections_event_store');
  return [
    { what: 'one command-svc', itemsPerSecond: perCore('cpu.command_us') },
    { what: 'one projector-svc', itemsPerSecond: perCore('cpu.projector_us') },
    { what: 'one replication slot with its task', itemsPerSecond: perCore('cpu.connect_us') },
    { what: 'one Redis', itemsPerSecond: perCore('cpu.redis_us') },
    { what: 'one event store server, by its cores', itemsPerSecond: byCores(eventWal) },
    { what: 'one event store server, by its WAL', itemsPerSecond: byWal(eventWal) },
    { what: 'one projection store server, by its WAL', itemsPerSecond: byWal(projectionWal) },
    {
      what: `${connectionsPerServer} connections to the event store`,
      itemsPerSecond: perReplica * connectionsPerServer,
    },
  ];
}
