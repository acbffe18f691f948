/**
 * Batches that a test keeps in flight: it holds the heads of their partitions, so that each append
 * waits, and looks at what waits and at what was stored.
 */
import { randomUUID } from 'node:crypto';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { PARTITIONS } from '#test/support/batch-bench.ts';
import type { Stores } from '#test/support/stored-rows.ts';

type EventStore = Pick<Stores, 'eventStore'>;

/** Accounts of as many different lanes. */
export function accountsOfLanes(count: number): string[] {
  const found = new Map<number, string>();
  while (found.size < count) {
    const id = randomUUID();
    found.set(partitionOfAccount(id, PARTITIONS), id);
  }
  return [...found.values()];
}

/** Batches of the accounts' lanes stay in flight until the release. */
export async function holdHeads(
  { eventStore }: EventStore,
  accountIds: readonly string[],
): Promise<() => Promise<void>> {
  const client = await eventStore.connect();
  await client.query('begin');
  await client.query(
    'select from partition_heads where partition = any ($1) order by partition for update',
    [accountIds.map((id) => partitionOfAccount(id, PARTITIONS))],
  );
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

/** Of that replica's batches, those that wait for a head. */
export async function batchesWaiting(
  { eventStore }: EventStore,
  applicationName: string,
): Promise<number> {
  const { rows } = await eventStore.query<{ count: bigint }>(
    `select count(*) from pg_stat_activity
      where application_name = $1 and wait_event_type = 'Lock' and datname = current_database()`,
    [applicationName],
  );
  return Number(rows[0]?.count);
}

/** How many items of the submission each batch has accepted. */
export async function batchSizes(
  { eventStore }: EventStore,
  submissionId: string,
): Promise<number[]> {
  const { rows } = await eventStore.query<{ accepted: number }>(
    'select accepted from submission_batches where submission_id = $1',
    [submissionId],
  );
  return rows.map(({ accepted }) => accepted);
}
