/**
 * Two replicas' batches on one event store, without a batcher: what a batch makes of its items, and
 * what stands of them.
 */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { BatchItem, ItemOutcome, SubmissionClaim } from '../../command-svc/batch-item.ts';
import { processBatch } from '../../command-svc/process-batch.ts';
import { laneOf, openReplica, type Replica, type Settled } from '#test/support/batch-bench.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';

export type TwoReplicas = {
  readonly databases: Databases;
  readonly a: Replica;
  readonly b: Replica;
  readonly close: () => Promise<void>;
};

export async function openTwoReplicas(): Promise<TwoReplicas> {
  const databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  const [a, b] = [openReplica(url, 'replica-a'), openReplica(url, 'replica-b')];
  const close = async (): Promise<void> => {
    await Promise.all([a.close(), b.close()]);
    await databases.close();
  };
  return { databases, a, b, close };
}

/** A batch of each lane, all started in one tick, none put off; one outcome an item, in order. */
export async function processed(
  replica: Replica,
  items: readonly Settled[],
): Promise<ItemOutcome[]> {
  const lanes = Map.groupBy(items, ({ item }) => laneOf(replica, accountOf(item)));
  const batches = Array.from(lanes, ([lane, own]) => {
    const plain = own.map(({ item }) => item);
    return processBatch(replica.context, lane, plain, performance.now());
  });
  for (const deferred of await Promise.all(batches)) expect(deferred).toEqual([]);
  return items.flatMap(({ outcomes }) => {
    expect(outcomes).toHaveLength(1);
    return outcomes;
  });
}

const accountOf = ({ command }: BatchItem): string => command?.accountId ?? '';

export async function versionsOf(
  { eventStore }: Pick<Databases, 'eventStore'>,
  accountId: string,
): Promise<bigint[]> {
  const { rows } = await eventStore.query<{ version: bigint }>(
    'select version from events where account_id = $1 order by version',
    [accountId],
  );
  return rows.map(({ version }) => version);
}

/** A submission, with a claim on all that a test puts into it. */
export async function newClaim(
  { eventStore }: Pick<Databases, 'eventStore'>,
  submissionId: string = randomUUID(),
): Promise<SubmissionClaim> {
  const claimId = randomUUID();
  await eventStore.query(`insert into submissions values ('', $1, now(), null, null)`, [
    submissionId,
  ]);
  await eventStore.query(`insert into submission_claims values ('', $1, $2, 0, 1000000)`, [
    submissionId,
    claimId,
  ]);
  return { tenant: '', submissionId, claimId };
}
