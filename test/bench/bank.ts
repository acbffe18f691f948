/**
 * The mesh under measurement with everything that a run needs of it: clients, both stores as their
 * owner, and more replicas on demand. A data folder of its own; stopped in reverse order.
 */
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { readAccess } from '#client/bank-access.ts';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { startMesh, type Mesh } from '#deploy/local/mesh.ts';
import type { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { operatorFiles } from '#deploy/local/secure-services.ts';
import { addressOf, serviceSpec, type Service } from '#deploy/local/services.ts';
import { createPool } from '#platform/postgres.ts';
import { RawClient } from './raw-client.ts';

const FOLDER = fileURLToPath(new URL('../../.local/bench', import.meta.url));
const CONNECTIONS_MAX = 3;
const ANSWER_TIMEOUT_MS = 300_000; // counts over ten million rows

export type Stores = { readonly eventStore: pg.Pool; readonly projectionStore: pg.Pool };

export type Bank = {
  readonly mesh: Mesh;
  readonly client: BankClient;
  readonly stores: Stores;
  /** To the first command-svc. */
  readonly command: RawClient;
  /** To the first query-svc. */
  readonly query: RawClient;
  /** Aborted when the benchmark is stopped, or when a part of the mesh has ended by itself. */
  readonly signal: AbortSignal;
  readonly stop: () => Promise<void>;
};

export type StartedReplica = { readonly part: Part; readonly address: string };

/** Names the data folder's own part, so that two banks never meet. */
export async function openBank(
  name: string,
  serviceEnv: Record<Service, Record<string, string>>,
  signal: AbortSignal,
  onPartEnded: (reason: Error) => void,
  secure = false,
): Promise<Bank> {
  const failing = new AbortController();
  const mesh = await startMesh({
    dataFolder: `${FOLDER}-${name}`,
    secure,
    restarts: false, // a part that ends is a run that failed
    onGivenUp: (reason) => {
      onPartEnded(reason);
      failing.abort(reason);
    },
    progress: silent,
    serviceEnv,
    signal,
  });
  const { stack, addresses } = mesh;
  const access = readAccess(operatorFiles(stack.ground));
  const client = createBankClient(addresses, access);
  const command = new RawClient(addresses.command[0] ?? '', access);
  const query = new RawClient(addresses.query[0] ?? '', access);
  const stores = {
    eventStore: pool(stack.eventStoreUrl),
    projectionStore: pool(stack.projectionStoreUrl),
  };
  stack.closers.add('clients of the benchmark', async () => {
    for (const one of [client, command, query]) one.close();
    await Promise.all([stores.eventStore.end(), stores.projectionStore.end()]);
  });
  const any = AbortSignal.any([signal, failing.signal]);
  return { mesh, client, stores, command, query, signal: any, stop: mesh.stop };
}

/** One more replica of a service on the bank's stack; whoever starts it stops it. */
export async function startReplica(
  { mesh }: Bank,
  service: Service,
  index: number,
  env: Record<string, string>,
): Promise<StartedReplica> {
  const port = await freePort();
  const replica = { service, index, port, env, entry: undefined };
  const part = mesh.stack.newPart(serviceSpec(mesh.stack, replica));
  mesh.stack.closers.add(part.name, () => part.stop());
  await part.start();
  return { part, address: addressOf(replica) };
}

function pool(url: string): pg.Pool {
  return createPool({
    url,
    applicationName: 'bank-bench',
    maxConnections: CONNECTIONS_MAX,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
  });
}
