/**
 * A whole mesh of a test's own, parts and services, beside the run's one stack: its parts may be
 * stopped, started again and emptied, and nobody else notices.
 */
import { inject } from 'vitest';
import { readAccess } from '#client/bank-access.ts';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { startMesh, type Mesh, type MeshOptions } from '#deploy/local/mesh.ts';
import { silent } from '#deploy/local/progress.ts';
import { operatorFiles } from '#deploy/local/secure-services.ts';
import { EVENT_STORE, PROJECTION_STORE, type Stack } from '#deploy/local/stack.ts';
import { createPool } from '#platform/postgres.ts';
import type { Stores } from '#test/support/stored-rows.ts';

export type OwnMesh = Mesh & {
  client: BankClient;
  /** Both as the owner. */
  stores: Stores;
};

const CONNECTIONS_MAX = 4;

export async function openOwnMesh(
  options: Pick<
    MeshOptions,
    'replicas' | 'postgresSettings' | 'eventStoreServer' | 'secure' | 'serviceEnv'
  >,
): Promise<OwnMesh> {
  const dataFolder = `${inject('stack').folder}-own`;
  const mesh = await startMesh({ ...options, dataFolder, progress: silent, env: {} });
  const client = createBankClient(mesh.addresses, readAccess(operatorFiles(mesh.stack.ground)));
  const stores = openAsOwner(mesh.stack);
  return {
    ...mesh,
    client,
    stores,
    async stop() {
      client.close();
      await Promise.all([stores.eventStore.end(), stores.projectionStore.end()]);
      await mesh.stop();
    },
  };
}

/** Pools to both stores. */
export function openAsOwner({ postgresUrl }: Pick<Stack, 'postgresUrl'>): Stores {
  const open = (database: string): Stores['eventStore'] =>
    createPool({
      url: postgresUrl('postgres', database),
      applicationName: 'bank-test',
      maxConnections: CONNECTIONS_MAX,
    });
  return { eventStore: open(EVENT_STORE), projectionStore: open(PROJECTION_STORE) };
}
