// Kafka of the local stack: brokers (mostly one) that are their own KRaft controllers. Topics are
// never made by themselves; a broker that comes back after kill -9 is accepted again after 2 s, and
// where there are others, they lead what it has led after as long.
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKafka } from '#platform/kafka.ts';
import type { KafkaSecurity } from '#platform/kafka-security.ts';
import type { DataFolder } from './data-folder.ts';
import { CLUSTER_ID, formatStorage, javaCommand } from './java.ts';
import type { Java } from './java.ts';
import { newLogFile } from './log-files.ts';
import type { PartSpec } from './part.ts';
import { isListening } from './ports.ts';
import { FOLDER_VARIABLE } from './process-tree.ts';
import type { SecureGround } from './secure-ground.ts';
import {
  KAFKA_TLS_LISTENER,
  scramArguments,
  secureBrokerProperties,
  secureKafkaClient,
} from './secure-kafka.ts';

const HEAP = { heapMb: 224, youngMb: 64 } as const;
const READY_TIMEOUT_MS = 120_000; // a busy machine takes its time
const GRACE_MS = 6000;
const MESSAGE_MAX_BYTES = 8 * 1024 * 1024;
const REPLICAS_MAX = 3;
const CHECKPOINT = 'bootstrap.checkpoint';

/** One more way in: clients that come by it are told to use the advertised port, a proxy's. */
export type KafkaListener = { name: string; port: number; advertisedPort: number };
export type KafkaPorts = {
  /** 1, 2, ... */
  nodeId: number;
  broker: number;
  /** Of every node, the first one's first. */
  controllers: readonly number[];
  more: readonly KafkaListener[];
};

export function kafkaSpec(
  folder: DataFolder,
  findJava: () => Promise<Java>,
  ports: KafkaPorts,
  ground?: SecureGround,
): PartSpec {
  const name = ports.nodeId === 1 ? 'kafka' : `kafka-${ports.nodeId}`;
  const home = folder.inside(name);
  return {
    name,
    command: async () => {
      const java = await findJava();
      const properties = await writeStorage(home, java, ports, ground);
      const part = { name: 'kafka', ...HEAP, main: 'kafka.Kafka', properties };
      const command = javaCommand(java, { ...part, hasLoadedAll: () => true });
      return { ...command, cwd: home, env: { [FOLDER_VARIABLE]: folder.path } };
    },
    isReady: () => hasBroker(ports, ground && secureKafkaClient(ground, 'setup')),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS,
    logFile: newLogFile(folder.logs, name),
  };
}

async function writeStorage(
  home: string,
  java: Java,
  ports: KafkaPorts,
  ground: SecureGround | undefined,
): Promise<string> {
  const storage = join(home, 'storage');
  if (!existsSync(storage)) {
    const draft = `${storage}.new`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    if (ground !== undefined) await formatStorage(java, draft, scramArguments(ground));
    else copyFileSync(join(java.folder, CHECKPOINT), join(draft, CHECKPOINT));
    const directoryId = `d${randomBytes(16).toString('base64url').slice(1)}`; // no leading dash
    const ids = { 'cluster.id': CLUSTER_ID, 'node.id': ports.nodeId, 'directory.id': directoryId };
    writeFileSync(join(draft, 'meta.properties'), propertiesText({ version: 1, ...ids }));
    renameSync(draft, storage);
  }
  const path = join(home, 'broker.properties');
  const properties = brokerProperties(storage, ports, ground);
  writeFileSync(path, propertiesText(properties), { mode: 0o600 });
  return path;
}

function brokerProperties(
  storage: string,
  ports: KafkaPorts,
  ground: SecureGround | undefined,
): Record<string, string | number> {
  const name = ground === undefined ? 'PLAINTEXT' : KAFKA_TLS_LISTENER;
  const own = { name, port: ports.broker, advertisedPort: ports.broker };
  const clients = [own, ...ports.more];
  const listeners = clients.map(({ name, port }) => `${name}://127.0.0.1:${port}`);
  const controller = `CONTROLLER://127.0.0.1:${ports.controllers[ports.nodeId - 1]}`;
  const voters = ports.controllers.map((port, n) => `${n + 1}@127.0.0.1:${port}`);
  const replicas = Math.min(ports.controllers.length, REPLICAS_MAX);
  const inSync = Math.max(1, replicas - 1);
  return {
    'process.roles': 'broker,controller',
    'node.id': ports.nodeId,
    'controller.quorum.voters': voters.join(','),
    listeners: [...listeners, controller].join(','),
    'advertised.listeners': clients
      .map(({ name, advertisedPort }) => `${name}://127.0.0.1:${advertisedPort}`)
      .join(','),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': [...clients.map(({ name }) => name), 'CONTROLLER']
      .map((name) => `${name}:PLAINTEXT`)
      .join(','),
    'log.dirs': storage,
    'auto.create.topics.enable': 'false',
    'message.max.bytes': MESSAGE_MAX_BYTES,
    'replica.fetch.max.bytes': MESSAGE_MAX_BYTES,
    'group.initial.rebalance.delay.ms': 0,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024, // the default of 128 MB is half the heap
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
    // With one, there is no other broker to hand partitions to.
    'controlled.shutdown.enable': String(ports.controllers.length > 1),
    ...(ground === undefined ? {} : secureBrokerProperties(ground)),
  };
}

export function propertiesText(properties: Record<string, string | number>): string {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return `${lines.join('\n')}\n`;
}

async function hasBroker(
  { broker: port, nodeId }: KafkaPorts,
  security?: KafkaSecurity,
): Promise<boolean> {
  if (!(await isListening(port))) return false; // kafkajs would wait, and complain
  const options = security === undefined ? {} : { security };
  const admin = createKafka([`127.0.0.1:${port}`], 'bank-local', undefined, options).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.some((broker) => broker.nodeId === nodeId);
  } finally {
    await admin.disconnect();
  }
}
