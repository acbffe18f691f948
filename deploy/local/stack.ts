// The parts that the services need: PostgreSQL (both databases), Redis, Kafka, Kafka Connect.
// Opening a stack takes its data folder and its ports and starts nothing; startStack starts all
// four side by side and answers when each of them answers. Whatever fails, everything is stopped
// again. The parts do not outlive this process (guardian.sh), whichever way it ends.
import { Closers } from '#platform/closers.ts';
import { KAFKA_PLAINTEXT, type KafkaSecurity } from '#platform/kafka-security.ts';
import { EVENT_STORE, PROJECTION_STORE } from './database-names.ts';
import { openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import type { KafkaListener } from './kafka.ts';
import { Part } from './part.ts';
import type { PartSpec } from './part.ts';
import { postgresUrl } from './postgres.ts';
import type { PostgresSettings } from './postgres.ts';
import { progressLines } from './progress.ts';
import type { Progress } from './progress.ts';
import { secureConnectUrl } from './secure-connect.ts';
import { openSecureGround, type SecureGround } from './secure-ground.ts';
import { secureKafkaClient } from './secure-kafka.ts';
import { secureRedisUrl } from './secure-redis.ts';
import { secureServiceEnv } from './secure-services.ts';
import { watchSlot } from './slot-watch.ts';
import { eventStorePartOf, makeParts } from './stack-parts.ts';
import { brokerAddresses, choosePorts, type Ports } from './stack-ports.ts';
import type { Service } from './services.ts';

export { EVENT_STORE, PROJECTION_STORE } from './database-names.ts';
export { SLOT } from './slot-watch.ts';

export type StackOptions = {
  /** Everything is written below it; one stack at a time. */
  dataFolder: string;
  /** Default false: what an earlier run left is wiped at the start. */
  keepData?: boolean;
  /** Default true: a part that ends by itself is started again, with back-off. */
  restarts?: boolean;
  /** Default: plain lines to stderr. */
  progress?: Progress;
  /** A part has ended for good. Default: a line of progress. */
  onGivenUp?: (reason: Error) => void;
  /** In the place of our own (postgres.ts). */
  postgresSettings?: PostgresSettings;
  /** A server of its own for the event store, with these besides. Default: one holds both. */
  eventStoreServer?: PostgresSettings;
  /** BANK_POSTGRES_PORT, _REDIS_PORT, _KAFKA_PORT, _CONNECT_PORT. Default: process.env. */
  env?: NodeJS.ProcessEnv;
  /** Ways to the parts through something that stands between: a test's proxies. */
  between?: Between;
  /** TLS and passwords everywhere, with an authority of its own. Default: plaintext. */
  secure?: boolean;
  /** Default 1. Three or more replicate each topic three times, and two must have a record. */
  brokers?: number;
  /** Default 1. Each may run the connector; one does. */
  connectWorkers?: number;
  /** Aborted: everything is stopped, also in the middle of the start. */
  signal?: AbortSignal;
};

export type Between = {
  /** Where Connect finds PostgreSQL and Kafka. */
  connect: { postgresPort: number; kafkaPort: number };
  /** More ways into Kafka. */
  kafka: readonly KafkaListener[];
};

export type StackPart = 'postgres' | 'redis' | 'kafka' | 'connect';

export type Stack = {
  folder: DataFolder;
  /** Both as PostgreSQL's superuser. */
  eventStoreUrl: string;
  projectionStoreUrl: string;
  postgresUrl: (user: keyof DataFolder['passwords'], database: string) => string;
  redisUrl: string;
  kafkaBrokers: string[];
  /** Of who sets topics up. */
  kafkaSecurity: KafkaSecurity;
  connectUrl: string;
  /** Certificates and passwords of a secure one. */
  ground: SecureGround | undefined;
  secureEnv: ((service: Service) => Record<string, string>) | undefined;
  parts: Record<StackPart, Part>;
  /** All brokers, parts.kafka first; all workers, parts.connect first. */
  brokerParts: Part[];
  workerParts: Part[];
  /** How each worker's REST is reached. */
  connectUrls: string[];
  /** The event store's server: parts.postgres, or one of its own. */
  eventStorePart: Part;
  progress: Progress;
  newPart: (spec: PartSpec) => Part;
  /** From now on Connect counts as ready only while the outbox's slot is in use. */
  expectConnector: () => void;
  isSlotActive: () => Promise<boolean>;
  /** Closed in reverse order by stop(). */
  closers: Closers;
  stop: () => Promise<void>;
};

export async function startStack(options: StackOptions): Promise<Stack> {
  const stack = await openStack(options);
  try {
    const { parts, eventStorePart, brokerParts, workerParts } = stack;
    const all = [...Object.values(parts), eventStorePart, ...brokerParts, ...workerParts];
    await Promise.all([...new Set(all)].map((part) => part.start()));
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

export async function openStack(options: StackOptions): Promise<Stack> {
  const { keepData = false, restarts = true, progress = progressLines } = options;
  const onGivenUp = options.onGivenUp ?? ((reason) => progress('stack', reason.message));
  const closers = new Closers();
  const folder = await openDataFolder(options.dataFolder, { keepData, progress });
  closers.add('data folder', () => folder.release());
  // Not before: the ports of the same stack, started twice or killed just now, are taken.
  const ports = await choosePortsOf(options).catch(async (error: unknown) => {
    await closers.closeAll();
    throw error;
  });
  const ground = options.secure === true ? await openSecureGround(folder) : undefined;
  const urlAt = (port: number, user: keyof DataFolder['passwords'], database: string): string =>
    postgresUrl({ host: '127.0.0.1', port }, user, folder.passwords[user], database, ground);
  const url: Stack['postgresUrl'] = (user, database) =>
    urlAt(database === EVENT_STORE ? ports.eventStore : ports.postgres, user, database);
  const slot = watchSlot(urlAt(ports.eventStore, 'postgres', 'postgres'));
  let hasConnector = false;
  const newPart = (spec: PartSpec): Part => new Part(spec, { progress, restarts, onGivenUp });
  const connectUrls = workerUrls(ports, ground);
  const { parts, brokerParts, workerParts } = makeParts({
    folder,
    ground,
    connectUrls,
    ports,
    between: options.between,
    progress,
    newPart,
    hasConnector: () => hasConnector,
    isSlotActive: slot.isActive,
    postgresSettings: options.postgresSettings,
  });
  const end = (part: Part): Promise<void> => (keepData ? part.stop() : part.discard());
  const eventStorePart = eventStorePartOf(parts, { folder, ports, ground, newPart }, options);
  const servers = new Set([parts.postgres, parts.redis, ...brokerParts, eventStorePart]);
  closers.add('parts', () => Promise.all([...servers].map(end)));
  // First, while the others are there: without Kafka its graceful end takes half a minute.
  closers.add('connect', () => Promise.all(workerParts.map(end)));
  closers.add('slot watch', slot.close);
  options.signal?.addEventListener('abort', () => {
    closers.closeAll().catch((error: unknown) => progress('stack', String(error)));
  });
  return {
    folder,
    eventStoreUrl: url('postgres', EVENT_STORE),
    projectionStoreUrl: url('postgres', PROJECTION_STORE),
    postgresUrl: url,
    redisUrl: ground
      ? secureRedisUrl(ground, ports.redis, 'command')
      : `redis://127.0.0.1:${ports.redis}`,
    kafkaBrokers: brokerAddresses(ports),
    kafkaSecurity: ground ? secureKafkaClient(ground, 'setup') : KAFKA_PLAINTEXT,
    connectUrl: connectUrls[0] ?? '',
    connectUrls,
    ground,
    secureEnv: ground && ((service) => secureServiceEnv(ground, ports, service)),
    parts,
    brokerParts,
    workerParts,
    eventStorePart,
    progress,
    newPart,
    expectConnector: () => void (hasConnector = true),
    isSlotActive: slot.isActive,
    closers,
    stop: () => closers.closeAll(),
  };
}

async function choosePortsOf(options: StackOptions): Promise<Ports> {
  const ports = await choosePorts(options.env ?? process.env, {
    eventStoreApart: options.eventStoreServer !== undefined,
    brokers: options.brokers ?? 1,
    connectWorkers: options.connectWorkers ?? 1,
  });
  options.signal?.throwIfAborted(); // the folder may have been waited for
  return ports;
}

function workerUrls({ connect, moreWorkers }: Ports, ground: SecureGround | undefined): string[] {
  return [connect, ...moreWorkers].map((port) =>
    ground ? secureConnectUrl(ground, port, 'operator') : `http://127.0.0.1:${port}`,
  );
}
