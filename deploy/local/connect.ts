// Kafka Connect of the local stack: a distributed worker with Debezium on its class path. REST
// alone tells little (after a restart it repeats the old RUNNING): with its connector in place the
// part is ready when the worker is healthy and PostgreSQL says that the slot is in use.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callHttp } from '#platform/http-call.ts';
import type { DataFolder } from './data-folder.ts';
import { javaCommand } from './java.ts';
import type { Java } from './java.ts';
import { propertiesText } from './kafka.ts';
import { newLogFile } from './log-files.ts';
import type { PartSpec } from './part.ts';
import { FOLDER_VARIABLE } from './process-tree.ts';
import { secureWorkerProperties } from './secure-connect.ts';
import type { SecureGround } from './secure-ground.ts';

const HEAP = { heapMb: 256, youngMb: 96 } as const;
/** Debezium gets a record's bytes as hex, which took half of Connect's time. */
const HOT_METHODS = ['io/debezium/util/Strings.hexStringToByteArray'];
const READY_TIMEOUT_MS = 120_000; // a busy machine takes its time
const GRACE_MS = 6000;
const PROBE_TIMEOUT_MS = 2000;
const REPLICAS_MAX = 3;
const RECORD_MAX_BYTES = 8 * 1024 * 1024;

export type ConnectOptions = {
  port: number;
  /** 1, 2, ... of the workers. */
  number: number;
  brokers: string[];
  /** What outbox.json refers to as ${env:NAME}. */
  env: Record<string, string>;
  /** Whether the outbox connector has been put there. */
  hasConnector: () => boolean;
  /** How its REST is reached. */
  url: string;
  ground: SecureGround | undefined;
  isSlotActive: () => Promise<boolean>;
};

export function connectSpec(
  folder: DataFolder,
  findJava: () => Promise<Java>,
  options: ConnectOptions,
): PartSpec {
  const name = options.number === 1 ? 'connect' : `connect-${options.number}`;
  const home = folder.inside(name);
  const main = 'org.apache.kafka.connect.cli.ConnectDistributed';
  return {
    name,
    command: async () => {
      mkdirSync(home, { recursive: true });
      const java = await findJava();
      const { ground, port } = options;
      const secured = ground && (await secureWorkerProperties(ground, java, port));
      const properties = join(home, 'worker.properties');
      const text = propertiesText({ ...workerProperties(options), ...secured });
      writeFileSync(properties, text, { mode: 0o600 });
      const jit = { file: join(home, 'jit.json'), hotMethods: HOT_METHODS };
      const part = { name: 'connect', ...HEAP, jit, main, properties };
      const hasLoadedAll = options.hasConnector; // Debezium's classes are what matters
      const env = { ...options.env, [FOLDER_VARIABLE]: folder.path };
      const command = javaCommand(java, { ...part, hasLoadedAll });
      return { ...command, cwd: home, env };
    },
    isReady: async () =>
      (await isHealthy(options.url)) && (!options.hasConnector() || (await options.isSlotActive())),
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS,
    logFile: newLogFile(folder.logs, name),
  };
}

function workerProperties(options: ConnectOptions): Record<string, string | number> {
  const string = 'org.apache.kafka.connect.storage.StringConverter';
  const replicas = Math.min(options.brokers.length, REPLICAS_MAX);
  return {
    'bootstrap.servers': options.brokers.join(','),
    'group.id': 'bank-connect',
    'key.converter': string,
    'value.converter': string, // a connector names its own
    'config.storage.topic': 'bank-connect-configs',
    'config.storage.replication.factor': replicas,
    'offset.storage.topic': 'bank-connect-offsets',
    'offset.storage.replication.factor': replicas,
    'offset.storage.partitions': 1,
    'status.storage.topic': 'bank-connect-status',
    'status.storage.replication.factor': replicas,
    'status.storage.partitions': 1,
    listeners: `http://127.0.0.1:${options.port}`,
    'rest.advertised.host.name': '127.0.0.1',
    'rest.advertised.port': options.port,
    'plugin.discovery': 'service_load',
    'config.providers': 'env',
    'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    'connector.client.config.override.policy': 'All',
    'offset.flush.interval.ms': 1000,
    'producer.max.request.size': RECORD_MAX_BYTES,
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 2000,
    'scheduled.rebalance.max.delay.ms': 0,
    'task.shutdown.graceful.timeout.ms': 2000,
  };
}

async function isHealthy(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  return (await callHttp(url, '/health', { method: 'GET', signal })).ok;
}
