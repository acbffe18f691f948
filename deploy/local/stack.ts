// The parts that the services need: PostgreSQL (both databases), Redis, Kafka, Kafka Connect.
// Opening a stack takes its data folder and its ports and starts nothing; startStack starts all
// four side by side and answers when each of them answers. Whatever fails, everything is stopped
// again. The parts do not outlive this process (guardian.sh), whichever way it ends.
import { Closers } from '#platform/closers.ts';
import { KAFKA_PLAINTEXT, type KafkaSecurity } from '#platform/kafka-security.ts';
import { connectSpec } from './connect.ts';
import { openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { findJava } from './java.ts';
import { kafkaSpec } from './kafka.ts';
import type { KafkaListener } from './kafka.ts';
import { Part } from './part.ts';
import type { PartSpec } from './part.ts';
import { postgresSpec, postgresUrl } from './postgres.ts';
import type { PostgresSettings } from './postgres.ts';
import { progressLines } from './progress.ts';
import type { Progress } from './progress.ts';
import { findRedis } from './redis-binary.ts';
import { redisSpec } from './redis.ts';
import { secureConnectUrl } from './secure-connect.ts';
import { openSecureGround, type SecureGround } from './secure-ground.ts';
import { secureKafkaClient } from './secure-kafka.ts';
import { debeziumTls } from './secure-postgres.ts';
import { secureRedisUrl } from './secure-redis.ts';
import { secureServiceEnv } from './secure-services.ts';
import { watchSlot } from './slot-watch.ts';
import { choosePorts, type Ports } from './stack-ports.ts';
import type { Service } from './services.ts';

export { SLOT } from './slot-watch.ts';

export const EVENT_STORE = 'event_store';
export const PROJECTION_STORE = 'projection_store';

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
    const parts = new Set([...Object.values(stack.parts), stack.eventStorePart]);
    await Promise.all([...parts].map((part) => part.start()));
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
  const ports = await choosePorts(
    options.env ?? process.env,
    options.eventStoreServer !== undefined,
  );
  options.signal?.throwIfAborted();
  const folder = await openDataFolder(options.dataFolder, { keepData, progress });
  closers.add('data folder', () => folder.release());
  const ground = options.secure === true ? await openSecureGround(folder) : undefined;
  const urlAt = (port: number, user: keyof DataFolder['passwords'], database: string): string =>
    postgresUrl({ host: '127.0.0.1', port }, user, folder.passwords[user], database, ground);
  const url: Stack['postgresUrl'] = (user, database) =>
    urlAt(database === EVENT_STORE ? ports.eventStore : ports.postgres, user, database);
  const slot = watchSlot(urlAt(ports.eventStore, 'postgres', 'postgres'));
  let hasConnector = false;
  const newPart = (spec: PartSpec): Part => new Part(spec, { progress, restarts, onGivenUp });
  const connectUrl = ground
    ? secureConnectUrl(ground, ports.connect, 'operator')
    : `http://127.0.0.1:${ports.connect}`;
  const parts = makeParts({
    folder,
    ground,
    connectUrl,
    ports,
    between: options.between,
    progress,
    newPart,
    hasConnector: () => hasConnector,
    isSlotActive: slot.isActive,
    postgresSettings: options.postgresSettings,
  });
  const end = (part: Part): Promise<void> => (keepData ? part.stop() : part.discard());
  const { connect, ...others } = parts;
  const eventStorePart = eventStorePartOf(parts, { folder, ports, ground, newPart }, options);
  const servers = new Set([...Object.values(others), eventStorePart]);
  closers.add('parts', () => Promise.all([...servers].map(end)));
  // First, while the others are there: without Kafka its graceful end takes half a minute.
  closers.add('connect', () => end(connect));
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
    kafkaBrokers: [`127.0.0.1:${ports.kafka}`],
    kafkaSecurity: ground ? secureKafkaClient(ground, 'setup') : KAFKA_PLAINTEXT,
    connectUrl,
    ground,
    secureEnv: ground && ((service) => secureServiceEnv(ground, ports, service)),
    parts,
    eventStorePart,
    progress,
    newPart,
    expectConnector: () => void (hasConnector = true),
    isSlotActive: slot.isActive,
    closers,
    stop: () => closers.closeAll(),
  };
}

function eventStorePartOf(
  { postgres }: Stack['parts'],
  { folder, ports, ground, newPart }: Pick<PartsContext, 'folder' | 'ports' | 'ground' | 'newPart'>,
  { postgresSettings, eventStoreServer }: StackOptions,
): Part {
  if (ports.eventStore === ports.postgres) return postgres;
  const settings = { ...postgresSettings, ...eventStoreServer };
  return newPart(postgresSpec(folder, ports.eventStore, settings, 'event-store', ground));
}

type PartsContext = {
  folder: DataFolder;
  ground: SecureGround | undefined;
  connectUrl: string;
  ports: Ports;
  between: Between | undefined;
  progress: Progress;
  newPart: Stack['newPart'];
  hasConnector: () => boolean;
  isSlotActive: () => Promise<boolean>;
  postgresSettings: PostgresSettings | undefined;
};

function makeParts(ctx: PartsContext): Stack['parts'] {
  const { folder, ground, ports, between, progress, newPart } = ctx;
  const { hasConnector, isSlotActive } = ctx;
  const java = memoized(() => findJava(progress));
  const redis = memoized(() => findRedis(progress));
  const seen = between?.connect ?? { postgresPort: ports.eventStore, kafkaPort: ports.kafka };
  const connectOptions = {
    port: ports.connect,
    brokers: [`127.0.0.1:${seen.kafkaPort}`],
    env: {
      OUTBOX_DATABASE_HOST: '127.0.0.1',
      OUTBOX_DATABASE_PORT: String(seen.postgresPort),
      OUTBOX_DATABASE_NAME: EVENT_STORE,
      OUTBOX_DATABASE_USER: 'bank_cdc',
      OUTBOX_DATABASE_PASSWORD: folder.passwords.bank_cdc,
      ...debeziumTls(ground),
    },
    url: ctx.connectUrl,
    ground,
    hasConnector,
    isSlotActive,
  };
  const { kafka: broker, controller } = ports;
  const kafkaPorts = { broker, controller, more: between?.kafka ?? [] };
  return {
    postgres: newPart(
      postgresSpec(folder, ports.postgres, ctx.postgresSettings, 'postgres', ground),
    ),
    redis: newPart(redisSpec(folder, redis, ports.redis, ground)),
    kafka: newPart(kafkaSpec(folder, java, kafkaPorts, ground)),
    connect: newPart(connectSpec(folder, java, connectOptions)),
  };
}

function memoized<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
