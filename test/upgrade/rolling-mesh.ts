/**
 * Two of each service on a stack of their own, each replica of whatever version, at an address that
 * stays: one is stopped as a platform stops it (SIGTERM) and the other version is started in its
 * place. Clients know the addresses, and nothing of versions.
 */
import type { Client } from '@grpc/grpc-js';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { putConnector } from '#deploy/connect/put-connector.ts';
import { newLogFile } from '#deploy/local/log-files.ts';
import type { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { addressOf, SERVICES, serviceSpec, type Service } from '#deploy/local/services.ts';
import { startStack, type Stack } from '#deploy/local/stack.ts';
import { untilReached } from '#test/support/answering-replica.ts';
import { openAsOwner } from '#test/support/own-mesh.ts';
import type { Stores } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';
import type { BankVersion } from './released-bank.ts';

const REPLICAS = [0, 1] as const;

export type RollingMesh = {
  readonly stack: Stack;
  /** Both as the owner. */
  readonly stores: Stores;
  readonly client: BankClient;
  /** Gives Connect that version's connector, and waits until Debezium reads the log by it. */
  readonly connect: (version: BankVersion) => Promise<void>;
  /** The first start of all replicas. */
  readonly start: (version: BankVersion) => Promise<void>;
  /** Of each of these services one replica after the other, the next when calls reach the last. */
  readonly roll: (services: readonly Service[], to: BankVersion) => Promise<void>;
  /** One of them; answers its address. */
  readonly replace: (
    service: Service,
    index: (typeof REPLICAS)[number],
    to: BankVersion,
  ) => Promise<string>;
  /** Log files of all processes that ran, the newest of each replica last. */
  readonly logFiles: () => readonly string[];
  readonly stop: () => Promise<void>;
};

type Replica = { service: Service; index: number; port: number; part: Part | undefined };

/** `common`: settings of every replica. */
export async function openRollingMesh(
  dataFolder: string,
  common: Record<string, string>,
): Promise<RollingMesh> {
  const stack = await startStack({ dataFolder, progress: silent, env: {} });
  const replicas: Replica[] = [];
  for (const service of SERVICES) {
    for (const index of REPLICAS) {
      replicas.push({ service, index, port: await freePort(), part: undefined });
    }
  }
  const addresses = (service: Service): string[] =>
    replicas.filter((one) => one.service === service).map(addressOf);
  const client = createBankClient({
    command: addresses('command'),
    query: addresses('query'),
    projector: addresses('projector'),
  });
  const stores = openAsOwner(stack);
  const logFiles: string[] = [];
  const startAt = async (replica: Replica, version: BankVersion): Promise<void> => {
    const { service, index, port } = replica;
    const env = { ...common, BANK_CONNECTOR_FILE: version.connectorFile };
    const spec = serviceSpec(stack, { service, index, port, env, entry: version.entry(service) });
    const name = `${spec.name}-${version.name}-${logFiles.length}`;
    const logFile = newLogFile(stack.folder.logs, name);
    replica.part = stack.newPart({ ...spec, logFile });
    logFiles.push(logFile);
    await replica.part.start();
  };
  const mesh: RollingMesh = {
    stack,
    stores,
    client,
    logFiles: () => logFiles,
    async connect({ connectorFile }) {
      await putConnector(stack.connectUrl, connectorFile);
      stack.expectConnector();
      await until('Debezium at the slot', () => stack.isSlotActive(), { timeoutMs: 60_000 });
    },
    async start(version) {
      await Promise.all(replicas.map((replica) => startAt(replica, version)));
    },
    async roll(services, to) {
      const one = async (service: Service): Promise<void> => {
        for (const index of REPLICAS) await mesh.replace(service, index, to);
      };
      await Promise.all(services.map(one));
    },
    async replace(service, index, to) {
      const replica = replicas.find((one) => one.service === service && one.index === index);
      if (replica === undefined) throw new Error(`no replica ${index} of ${service}`);
      await replica.part?.stop();
      await startAt(replica, to);
      await untilReached(stubOf(client, service), addressOf(replica));
      return addressOf(replica);
    },
    async stop() {
      client.close();
      await Promise.all(replicas.flatMap(({ part }) => part?.stop() ?? []));
      await Promise.all([stores.eventStore.end(), stores.projectionStore.end()]);
      await stack.stop();
    },
  };
  return mesh;
}

function stubOf({ accounts, queries, projector }: BankClient, service: Service): Client {
  return { command: accounts, query: queries, projector }[service];
}
