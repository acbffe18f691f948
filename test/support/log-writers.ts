/**
 * Writers that never stop: two replicas append to one log, side by side, deposits of a few accounts
 * in each partition, until they are told to stop. From a seed.
 */
import { randomUUID } from 'node:crypto';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { processBatch } from '../../command-svc/process-batch.ts';
import {
  depositCommand,
  laneOf,
  openCommand,
  openReplica,
  PARTITIONS,
  settled,
  type Replica,
  type Settled,
} from '#test/support/batch-bench.ts';
import type { Random } from '#test/support/random.ts';

const ITEMS_MAX = 40;
const ACCOUNTS_A_PARTITION = 3;

export type LogWriters = {
  /** Resolves when both have ended. */
  stop: () => Promise<void>;
};

export async function startLogWriters(
  url: string,
  random: Random,
  onAppended: () => void,
): Promise<LogWriters> {
  const replicas = [openReplica(url, 'writer-a'), openReplica(url, 'writer-b')];
  const accounts = accountsByPartition();
  const [first] = replicas;
  if (first === undefined) throw new Error('no replica');
  for (const ids of accounts) {
    await append(
      first,
      ids.map((id) => settled(openCommand(id))),
    );
  }
  const stopping = new AbortController();
  const write = async (replica: Replica): Promise<void> => {
    while (!stopping.signal.aborted) {
      const ids = random.pick(accounts);
      const count = 1 + random.below(ITEMS_MAX);
      const deposit = (): Settled => settled(depositCommand(random.pick(ids), 1n));
      await append(replica, Array.from({ length: count }, deposit));
      onAppended();
    }
  };
  const writing = Promise.all(replicas.map(write));
  return {
    stop: async () => {
      stopping.abort();
      await writing;
      await Promise.all(replicas.map((replica) => replica.close()));
    },
  };
}

function accountsByPartition(): string[][] {
  const accounts = Array.from({ length: PARTITIONS }, (): string[] => []);
  while (accounts.some(({ length }) => length < ACCOUNTS_A_PARTITION)) {
    const id = randomUUID();
    accounts[partitionOfAccount(id, PARTITIONS)]?.push(id);
  }
  return accounts;
}

async function append(replica: Replica, items: Settled[]): Promise<void> {
  const lane = laneOf(replica, items[0]?.item.command?.accountId ?? '');
  const plain = items.map(({ item }) => item);
  await processBatch(replica.context, lane, plain, performance.now());
  for (const { outcomes } of items) {
    if (outcomes[0]?.kind !== 'accepted') throw new Error(`an item was ${outcomes[0]?.kind}`);
  }
}
