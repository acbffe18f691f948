/**
 * Tells when all flows again: through each command-svc a small upload that has an item in every
 * partition, and its acknowledgements, complete, from a projector-svc of its own. Each is a
 * submission like any other, and is judged with them.
 */
import { depositWanted, newSubmission, sendDeposits } from './load/submissions.ts';
import { follow } from './load/followed.ts';
import type { RunRecord } from './load/load.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { EUR } from '#test/support/command-calls.ts';
import type { Random } from '#test/support/random.ts';
import { PARTITIONS, type FaultyMesh } from './mesh/faulty-mesh.ts';

export type Canary = {
  /** Resolves when all flows; rejects when it does not in time. */
  readonly flows: (patienceMs: number) => Promise<void>;
};

const REPLICAS = [1, 2] as const;

/** An account in each partition. */
export function canaryAccounts(random: Random): string[] {
  const accounts = new Map<number, string>();
  while (accounts.size < PARTITIONS) {
    const accountId = random.uuid();
    accounts.set(partitionOfAccount(accountId, PARTITIONS), accountId);
  }
  return [...accounts.values()];
}

export function createCanary(
  mesh: FaultyMesh,
  record: RunRecord,
  random: Random,
  accounts: readonly string[],
): Canary {
  const clients = REPLICAS.map((n) => mesh.clientOf(n));
  const deposits = accounts.map((accountId) => ({
    accountId,
    amount: EUR(1n),
    operationId: '',
    reference: 'canary',
    valueDate: '',
  }));
  return {
    flows: async (patienceMs) => {
      const signal = AbortSignal.timeout(patienceMs);
      await Promise.all(
        clients.map(async (client) => {
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
