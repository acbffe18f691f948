/**
 * The services of one e2e file, each replica a process of its own on the run's one stack: start,
 * kill, stop, start again at the same address, and clients to all or to one of them. Replicas are
 * named `command-1`, `projector-2`, ...; all of them ask the file's pause-point server. Closing
 * stops every one in order, so that the next file finds a quiet consumer group.
 */
import { join } from 'node:path';
import { inject } from 'vitest';
import { createBankClient, type BankAddresses, type BankClient } from '#client/bank-client.ts';
import { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { addressOf, serviceSpec, type Service } from '#deploy/local/services.ts';
import { EVENT_STORE, PROJECTION_STORE } from '#deploy/local/stack.ts';
import { createPool } from '#platform/postgres.ts';
import { startPausePoints, type PausePointServer } from '#test/support/pause-points.ts';
import { databaseUrl, type StackFacts, type StackRole } from '#test/support/stack-facts.ts';
import type { Stores } from '#test/support/stored-rows.ts';

export type Mesh = {
  stack: StackFacts;
  /** Both as the owner. */
  stores: Stores;
  points: PausePointServer;
  /** To all replicas that are there; made anew when one joins. */
  readonly client: BankClient;
  readonly addresses: BankAddresses;
  /** To one replica of its service, and to all of the others. */
  clientOf: (instance: string) => BankClient;
  /**
   * The same, when it has its connection. Clients of a process share connections, and one that has
   * seen its replica die tries again after a pause only: until then its calls fail at once.
   */
  connectedTo: (instance: string) => Promise<BankClient>;
  start: (service: Service, instance: string, env?: Record<string, string>) => Promise<Part>;
  /** SIGKILL; resolves when the process is gone. It stays away until restart(). */
  kill: (instance: string) => Promise<void>;
  /** Starts it again, at its old address. */
  restart: (instance: string) => Promise<void>;
  replica: (instance: string) => Part;
  /** The event store's URL of a role, at another address: a proxy's. */
  eventStoreUrlAt: (address: StackFacts['postgres'], role?: StackRole) => string;
  close: () => Promise<void>;
};

export type MeshReplicas = Partial<Record<Service, number>>;
type Replica = { service: Service; address: string; part: Part };

const CONNECTIONS_MAX = 4;
const CONNECT_MS = 20_000;

export async function openMesh(
  replicas: MeshReplicas,
  env: Record<string, string> = {},
): Promise<Mesh> {
  const stack = inject('stack');
  const points = await startPausePoints();
  const stores = openStores(stack);
  const running = new Map<string, Replica>();
  const clients: BankClient[] = [];
  let toAll: BankClient | undefined;
  const clientTo = (addresses: BankAddresses): BankClient => {
    const client = createBankClient(addresses);
    clients.push(client);
    return client;
  };
  const addresses = (only?: string): BankAddresses => addressesOf(running, only);
  const replica = (instance: string): Replica => {
    const found = running.get(instance);
    if (found === undefined) throw new Error(`no replica ${instance}`);
    return found;
  };
  const mesh: Mesh = {
    stack,
    stores,
    points,
    get client() {
      return (toAll ??= clientTo(addresses()));
    },
    get addresses() {
      return addresses();
    },
    clientOf: (instance) => clientTo(addresses(instance)),
    connectedTo: (instance) => connected(clientTo(addresses(instance))),
    async start(service, instance, extra = {}) {
      const common = { BANK_PAUSE_POINTS_URL: points.url, ...env, ...extra };
      const started = await startReplica(stack, service, instance, common);
      running.set(instance, started);
      toAll = undefined;
      return started.part;
    },
    kill: (instance) => replica(instance).part.stop('SIGKILL'),
    restart: (instance) => replica(instance).part.restart('SIGKILL'),
    replica: (instance) => replica(instance).part,
    eventStoreUrlAt: (address, role = 'bank_command') =>
      databaseUrl(stack, role, EVENT_STORE, address),
    async close() {
      for (const client of clients) client.close();
      await points.close();
      await Promise.all([...running.values()].map(({ part }) => part.stop()));
      await Promise.all([stores.eventStore.end(), stores.projectionStore.end()]);
    },
  };
  await startAll(mesh, replicas);
  return mesh;
}

/** To one replica at least of the command service. */
export function connected(client: BankClient): Promise<BankClient> {
  return new Promise((resolve, reject) => {
    client.accounts.waitForReady(Date.now() + CONNECT_MS, (error) =>
      error === undefined ? resolve(client) : reject(error),
    );
  });
}

async function startAll(mesh: Mesh, replicas: MeshReplicas): Promise<void> {
  const wanted = (['command', 'query', 'projector'] as const).flatMap((service) =>
    Array.from({ length: replicas[service] ?? 0 }, (_, n) => ({ service, n: n + 1 })),
  );
  try {
    await Promise.all(wanted.map(({ service, n }) => mesh.start(service, `${service}-${n}`)));
  } catch (error) {
    await mesh.close();
    throw error;
  }
}

/** On the stack's own databases, unless `env` names others. */
export async function startReplica(
  stack: StackFacts,
  service: Service,
  instance: string,
  env: Record<string, string>,
): Promise<Replica> {
  const replica = {
    service,
    index: Number(instance.split('-').at(-1)) - 1,
    port: await freePort(),
    entry: undefined,
    env: { ...compileCache(stack), ...env, BANK_INSTANCE: instance },
  };
  const part = new Part(
    { ...serviceSpec(surroundings(stack), replica), name: instance },
    { progress: silent, restarts: false, onGivenUp: () => undefined },
  );
  await part.start();
  return { service, address: addressOf(replica), part };
}

/** What processes of a run load again and again is compiled once: they start in half the time. */
export function compileCache({ folder }: StackFacts): Record<string, string> {
  return { NODE_COMPILE_CACHE: join(folder, 'compiled') };
}

function surroundings(stack: StackFacts): Parameters<typeof serviceSpec>[0] {
  const inside = (...names: string[]): string => join(stack.folder, ...names);
  return {
    folder: { path: stack.folder, logs: stack.logs, inside },
    postgresUrl: (role, database) => databaseUrl(stack, role, database, stack.postgres),
    redisUrl: stack.redisUrl,
    kafkaBrokers: stack.kafkaBrokers,
    connectUrl: stack.connectUrl,
  };
}

function openStores(stack: StackFacts): Stores {
  const open = (database: string): Stores['eventStore'] =>
    createPool({
      url: databaseUrl(stack, 'postgres', database, stack.postgres),
      applicationName: 'bank-test',
      maxConnections: CONNECTIONS_MAX,
    });
  return { eventStore: open(EVENT_STORE), projectionStore: open(PROJECTION_STORE) };
}

function addressesOf(running: ReadonlyMap<string, Replica>, only?: string): BankAddresses {
  const service = only === undefined ? undefined : running.get(only)?.service;
  const of = (wanted: Service): string[] =>
    [...running]
      .filter(
        ([name, replica]) => replica.service === wanted && (service !== wanted || name === only),
      )
      .map(([, { address }]) => address);
  // A channel wants an address even where the file runs no such service.
  const orNobody = (found: string[]): string[] => (found.length > 0 ? found : ['127.0.0.1:1']);
  return {
    command: orNobody(of('command')),
    query: orNobody(of('query')),
    projector: orNobody(of('projector')),
  };
}
