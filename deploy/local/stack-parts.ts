// The parts of a stack, each with its command, made and not started: both databases' server (or
// servers), Redis, as many brokers and as many Connect workers as it has ports for.
import { connectSpec } from './connect.ts';
import { EVENT_STORE } from './database-names.ts';
import type { DataFolder } from './data-folder.ts';
import { findJava } from './java.ts';
import { kafkaSpec } from './kafka.ts';
import type { Part } from './part.ts';
import { postgresSpec } from './postgres.ts';
import type { PostgresSettings } from './postgres.ts';
import type { Progress } from './progress.ts';
import { findRedis } from './redis-binary.ts';
import { redisSpec } from './redis.ts';
import type { SecureGround } from './secure-ground.ts';
import { debeziumTls } from './secure-postgres.ts';
import type { Between, Stack, StackOptions } from './stack.ts';
import { brokerAddresses, type Ports } from './stack-ports.ts';

export function eventStorePartOf(
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
  /** Of each worker. */
  connectUrls: readonly string[];
  ports: Ports;
  between: Between | undefined;
  progress: Progress;
  newPart: Stack['newPart'];
  hasConnector: () => boolean;
  isSlotActive: () => Promise<boolean>;
  postgresSettings: PostgresSettings | undefined;
};

export type MadeParts = {
  parts: Stack['parts'];
  brokerParts: Part[];
  workerParts: Part[];
};

export function makeParts(ctx: PartsContext): MadeParts {
  const { folder, ground, ports, between, progress, newPart } = ctx;
  const isOneOfEach = ports.moreBrokers.length === 0 && ports.moreWorkers.length === 0;
  if (!isOneOfEach && (ground ?? between) !== undefined) {
    throw new Error('several brokers or workers: in plaintext, and with nothing between, only');
  }
  const java = memoized(() => findJava(progress));
  const redis = memoized(() => findRedis(progress));
  const own = { broker: ports.kafka, controller: ports.controller };
  const nodes = [own, ...ports.moreBrokers];
  const controllers = nodes.map(({ controller }) => controller);
  const brokerParts = nodes.map((node, n) => {
    const more = n === 0 ? (between?.kafka ?? []) : [];
    const kafkaPorts = { nodeId: n + 1, broker: node.broker, controllers, more };
    return newPart(kafkaSpec(folder, java, kafkaPorts, ground));
  });
  const workerParts = [ports.connect, ...ports.moreWorkers].map((port, n) => {
    const options = { port, number: n + 1, url: ctx.connectUrls[n] ?? '', ...connectOptions(ctx) };
    return newPart(connectSpec(folder, java, options));
  });
  const [kafka] = brokerParts;
  const [connect] = workerParts;
  if (kafka === undefined || connect === undefined) throw new Error('no broker, or no worker');
  const postgres = newPart(
    postgresSpec(folder, ports.postgres, ctx.postgresSettings, 'postgres', ground),
  );
  const parts = {
    postgres,
    redis: newPart(redisSpec(folder, redis, ports.redis, ground)),
    kafka,
    connect,
  };
  return { parts, brokerParts, workerParts };
}

/** What all workers have in common. */
function connectOptions(ctx: PartsContext) {
  const { folder, ground, ports, between, hasConnector, isSlotActive } = ctx;
  const brokers =
    between === undefined ? brokerAddresses(ports) : [`127.0.0.1:${between.connect.kafkaPort}`];
  return {
    brokers,
    env: {
      OUTBOX_DATABASE_HOST: '127.0.0.1',
      OUTBOX_DATABASE_PORT: String(between?.connect.postgresPort ?? ports.eventStore),
      OUTBOX_DATABASE_NAME: EVENT_STORE,
      OUTBOX_DATABASE_USER: 'bank_cdc',
      OUTBOX_DATABASE_PASSWORD: folder.passwords.bank_cdc,
      ...debeziumTls(ground),
    },
    ground,
    hasConnector,
    isSlotActive,
  };
}

function memoized<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
