/**
 * Tells when all flows again: through each command-svc a small upload that has an item in every
 * partition, and its acknowledgements, complete, from a projector-svc of its own. Each is a
 * submission like any other, and is judged with them.
 */
import { KnownAccounts } from './load/known-accounts.ts';
import { depositWanted, newSubmission, sendDeposits } from './load/submissions.ts';
import { follow } from './load/followed.ts';
import type { RunRecord } from './load/load.ts';
import { openFilled } from './load/start-load.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { EUR } from '#test/support/command-calls.ts';
import type { Random } from '#test/support/random.ts';
import { PARTITIONS, type FaultyMesh } from './mesh/faulty-mesh.ts';

export type Canary = {
  /** Resolves when all flows, through the n-th replicas; rejects when it does not in time. */
  readonly flows: (patienceMs: number, replicas?: readonly number[]) => Promise<void>;
};

const REPLICAS: readonly number[] = [1, 2];

/** With accounts of its own. */
export async function openCanary(
  mesh: FaultyMesh,
  record: RunRecord,
  random: Random,
): Promise<Canary> {
  const accounts = accountsOfPartitions(random);
  const context = { mesh, record, known: new KnownAccounts(), stopping: NEVER };
  await Promise.all(accounts.map((accountId) => openFilled(context, random, accountId)));
  return canaryOf(mesh, record, random, accounts);
}
const NEVER = new AbortController().signal;

function canaryOf(
  mesh: FaultyMesh,
  record: RunRecord,
  random: Random,
  accounts: readonly string[],
): Canary {
  const clients = new Map(REPLICAS.map((n) => [n, mesh.clientOf(n)]));
  const deposits = accounts.map((accountId) => ({
    accountId,
    amount: EUR(1n),
    operationId: '',
    reference: 'canary',
    valueDate: '',
  }));
  return {
    flows: async (patienceMs, replicas = REPLICAS) => {
      const signal = AbortSignal.timeout(patienceMs);
      await Promise.all(
        replicas.map(async (n) => {
          const client = clients.get(n);
          if (client === undefined) throw new Error(`there is no replica ${n}`);
          const id = `canary-${random.uuid()}`;
          const one = newSubmission('canary', id, deposits.map(depositWanted));
          record.submissions.push(one);
          const followed = follow({ mesh, record }, client, one, signal);
          await Promise.all([sendDeposits(client, one, deposits, signal), followed]);
        }),
      );
    },
  };
}

/** An account in each partition. */
function accountsOfPartitions(random: Random): string[] {
  const accounts = new Map<number, string>();
  while (accounts.size < PARTITIONS) {
    const accountId = random.uuid();
    accounts.set(partitionOfAccount(accountId, PARTITIONS), accountId);
  }
  return [...accounts.values()];
}
