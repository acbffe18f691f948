// The whole of it on one machine: the parts, the databases and topics set up, the outbox connector,
// and the three services (as many replicas as asked for). What can start side by side does; when
// startMesh answers, every service serves and Debezium reads the log. Used by npm start, the demo,
// the tests and the benchmark. Whatever fails, everything is stopped again.
import { sleep } from '#platform/waiting.ts';
import { setUpDatabases } from '../database/set-up-databases.ts';
import { setUpTopics } from '../database/set-up-topics.ts';
import { putConnector } from '../connect/put-connector.ts';
import type { Part } from './part.ts';
import { freePort, requireFreePort } from './ports.ts';
import {
  SERVICES,
  addressOf,
  listenVariable,
  metricsAddressOf,
  metricsVariable,
  serviceSpec,
} from './services.ts';
import type { Replica, Service, Surroundings } from './services.ts';
import { openStack } from './stack.ts';
import type { Stack, StackOptions } from './stack.ts';

export const PARTITIONS = 16;
const SLOT_POLL_MS = 25;
const SLOT_TIMEOUT_MS = 60_000;

export type MeshOptions = StackOptions & {
  partitions?: number;
  /** Default: one of each; 0 leaves a service out. */
  replicas?: Partial<Record<Service, number>>;
  /** Settings for a service's replicas, on top of the mesh's own; may differ by replica. */
  serviceEnv?: Partial<Record<Service, Record<string, string>>> | ServiceEnv;
  /** Ports for the first replica of a service. Default: free ones. */
  ports?: Partial<Record<Service, number>>;
  /** The same for its metrics page. */
  metricsPorts?: Partial<Record<Service, number>>;
  /** Others that must be free, of what is started beside it. */
  portsBeside?: readonly { port: number; variable: string }[];
  /** Other entry files than the services' own main.ts. */
  entries?: Partial<Record<Service, string>>;
  /** What a replica is told of the stack. Default: where the parts are. */
  surroundingsOf?: (stack: Stack, replica: Replica) => Surroundings;
};

export type ServiceEnv = (service: Service, index: number) => Record<string, string>;

export type Mesh = {
  stack: Stack;
  /** host:port of every replica. */
  addresses: Record<Service, string[]>;
  /** host:port of their metrics pages. */
  metrics: Record<Service, string[]>;
  services: Record<Service, Part[]>;
  stop: () => Promise<void>;
};

export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { surroundingsOf = (stack) => stack } = options;
  const stack = await openStack(options);
  const replicas = await planned(stack, options);
  const started = replicas.map((replica) => ({
    replica,
    part: stack.newPart(serviceSpec(surroundingsOf(stack, replica), replica)),
  }));
  const parts = started.map(({ part }) => part);
  stack.closers.add('services', () => Promise.all(parts.map((part) => part.stop())));
  try {
    await startAll(stack, parts, options.partitions ?? PARTITIONS);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const of = <T>(pick: (one: { replica: Replica; part: Part }) => T): Record<Service, T[]> => {
    const by = (service: Service): T[] =>
      started.filter(({ replica }) => replica.service === service).map(pick);
    return { command: by('command'), query: by('query'), projector: by('projector') };
  };
  return {
    stack,
    addresses: of(({ replica }) => addressOf(replica)),
    metrics: of(({ replica }) => metricsAddressOf(replica)),
    services: of(({ part }) => part),
    stop: stack.stop,
  };
}

/** With the data folder ours: a taken port is not that of the same stack, started twice. */
async function planned(stack: Stack, options: MeshOptions): Promise<Replica[]> {
  try {
    for (const { port, variable } of options.portsBeside ?? []) {
      await requireFreePort(port, variable);
    }
    return await planReplicas(options);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function startAll(stack: Stack, services: Part[], partitions: number): Promise<void> {
  const { brokerParts, workerParts } = stack;
  const { postgres, redis } = stack.parts;
  const servers = [...new Set([postgres, stack.eventStorePart])];
  const started = Promise.all(servers.map((server) => server.start()));
  const databases = started.then(() => prepareDatabases(stack, partitions));
  const kafka = Promise.all(brokerParts.map((broker) => broker.start()));
  const topics = kafka.then(() => setTopicsUp(stack, partitions));
  const workers = Promise.all(workerParts.map((worker) => worker.start()));
  const connector = Promise.all([databases, topics, workers]).then(() => attach(stack));
  const serving = Promise.all([databases, topics, redis.start()]).then(() =>
    Promise.all(services.map((service) => service.start())),
  );
  await Promise.all([connector, serving]);
}

function setTopicsUp(stack: Stack, partitions: number): Promise<void> {
  const onStep = (text: string): void => stack.progress('kafka', text);
  return setUpTopics(stack.kafkaBrokers, partitions, onStep, stack.kafkaSecurity);
}

async function prepareDatabases(stack: Stack, partitions: number): Promise<void> {
  const { postgres: _superuser, ...passwords } = stack.folder.passwords;
  await setUpDatabases({
    eventStoreUrl: stack.eventStoreUrl,
    projectionStoreUrl: stack.projectionStoreUrl,
    partitions,
    passwords,
    onStep: (text) => stack.progress('postgres', text),
  });
}

async function attach(stack: Stack): Promise<void> {
  const startedAt = performance.now();
  await putConnector(stack.connectUrl);
  stack.expectConnector();
  const endsAt = startedAt + SLOT_TIMEOUT_MS;
  while (!(await stack.isSlotActive())) {
    if (performance.now() > endsAt) {
      const log = stack.parts.connect.logFile;
      throw new Error(`Debezium did not take the slot in ${SLOT_TIMEOUT_MS / 1000} s: see ${log}`);
    }
    await sleep(SLOT_POLL_MS);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  stack.progress('connect', `Debezium reads the outbox after ${seconds} s`);
}

async function planReplicas(options: MeshOptions): Promise<Replica[]> {
  const replicas: Replica[] = [];
  for (const service of SERVICES) {
    const first = options.ports?.[service];
    if (first !== undefined) await requireFreePort(first, listenVariable(service));
    const page = options.metricsPorts?.[service];
    if (page !== undefined) await requireFreePort(page, metricsVariable(service));
    for (let index = 0; index < (options.replicas?.[service] ?? 1); index += 1) {
      const port = (index === 0 ? first : undefined) ?? (await freePort());
      const metricsPort = (index === 0 ? page : undefined) ?? (await freePort());
      const env = envOf(options.serviceEnv, service, index);
      const entry = options.entries?.[service];
      replicas.push({ service, index, port, metricsPort, env, entry });
    }
  }
  return replicas;
}

function envOf(
  given: MeshOptions['serviceEnv'],
  service: Service,
  index: number,
): Record<string, string> {
  return typeof given === 'function' ? given(service, index) : (given?.[service] ?? {});
}
