/**
 * The mesh with a proxy on every way between two of its members: two command-svc, two
 * projector-svc, one query-svc on a stack of their own, and clients that come by proxies too. What
 * ends by itself is started again, as in production; stores and Kafka are also reachable straight,
 * for those who look and strike.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BankClient } from '#client/bank-client.ts';
import { startMesh, type Mesh } from '#deploy/local/mesh.ts';
import type { Part } from '#deploy/local/part.ts';
import type { Progress } from '#deploy/local/progress.ts';
import type { Stack } from '#deploy/local/stack.ts';
import { createPool } from '#platform/postgres.ts';
import type { Stores } from '#test/support/stored-rows.ts';
import { openClients, type OnceClient, type ProxiedClients } from './proxied-clients.ts';
import { startToxiproxy, type Toxiproxy } from './toxiproxy.ts';
import { betweenOf, partsEnv, standOnWays, surroundingsOf } from './way-ports.ts';
import { INSTANCES } from './ways.ts';

export type FaultyMesh = {
  readonly stack: Stack;
  /** Straight, as the owner. */
  readonly stores: Stores;
  readonly proxies: Toxiproxy;
  /** Services (command-1, ...) and parts (postgres, ...) by name. */
  readonly part: (name: string) => Part;
  /** By the proxies, to all replicas. */
  readonly client: BankClient;
  /** By the proxies, to the n-th replica of each service. */
  readonly clientOf: (n: number) => BankClient;
  /** The same, to all command-svc; each call is sent once. */
  readonly once: OnceClient;
  /** What the instance's clock is off by, from its next start on. */
  readonly setClock: (instance: string, skewMs: number) => void;
  readonly close: () => Promise<void>;
};

export const PARTITIONS = 16;
const CONNECTIONS_MAX = 6;
/** Whoever looks while PostgreSQL stands still gives up soon, and looks again. */
const LOOK_TIMEOUT_MS = 20_000;
const SKEWED_CLOCK = new URL('skewed-clock.ts', import.meta.url);

export type MeshPlace = { folder: string; seed: number; progress: Progress; signal: AbortSignal };

export async function openFaultyMesh(place: MeshPlace): Promise<FaultyMesh> {
  const proxies = await startToxiproxy(`${place.folder}-toxiproxy`, place.seed, place.progress);
  try {
    const clocks = `${place.folder}-clocks`;
    mkdirSync(clocks, { recursive: true });
    const setClock: FaultyMesh['setClock'] = (instance, skewMs) =>
      writeFileSync(join(clocks, instance), String(skewMs));
    for (const instance of INSTANCES) setClock(instance, 0);
    const mesh = await startBehind(proxies, place, clocks);
    const clients = await openClients(mesh, proxies);
    return assemble(mesh, proxies, clients, setClock);
  } catch (error) {
    await proxies.part.stop();
    throw error;
  }
}

async function startBehind(proxies: Toxiproxy, place: MeshPlace, clocks: string): Promise<Mesh> {
  const ports = await standOnWays(proxies);
  return startMesh({
    dataFolder: place.folder,
    progress: place.progress,
    signal: place.signal,
    partitions: PARTITIONS,
    replicas: { command: 2, projector: 2, query: 1 },
    env: partsEnv(ports),
    between: betweenOf(ports),
    surroundingsOf: (stack, replica) => surroundingsOf(stack, replica, ports),
    serviceEnv: (service, index) => ({
      BANK_INSTANCE: `${service}-${index + 1}`,
      BANK_TEST_CLOCK_FILE: join(clocks, `${service}-${index + 1}`),
      NODE_OPTIONS: `--import=${SKEWED_CLOCK.href}`,
    }),
  });
}

function assemble(
  mesh: Mesh,
  proxies: Toxiproxy,
  clients: ProxiedClients,
  setClock: FaultyMesh['setClock'],
): FaultyMesh {
  const { stack } = mesh;
  const parts = new Map<string, Part>(Object.entries(stack.parts));
  for (const [service, own] of Object.entries(mesh.services)) {
    for (const [index, part] of own.entries()) parts.set(`${service}-${index + 1}`, part);
  }
  const stores = openStores(stack);
  return {
    stack,
    stores,
    proxies,
    part: (name) => {
      const part = parts.get(name);
      if (part === undefined) throw new Error(`there is no part ${name}`);
      return part;
    },
    client: clients.toAll,
    clientOf: clients.to,
    once: clients.once,
    setClock,
    close: async () => {
      clients.close();
      await Promise.all([stores.eventStore.end(), stores.projectionStore.end()]);
      await mesh.stop();
      await proxies.part.stop();
    },
  };
}

function openStores(stack: Stack): Stores {
  const open = (url: string): Stores['eventStore'] =>
    createPool({
      url,
      applicationName: 'bank-faults',
      maxConnections: CONNECTIONS_MAX,
      answerTimeoutMs: LOOK_TIMEOUT_MS,
    });
  return { eventStore: open(stack.eventStoreUrl), projectionStore: open(stack.projectionStoreUrl) };
}
