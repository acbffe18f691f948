/**
 * What an item of a bulk stream takes: WAL of either database and of the whole server, and its
 * share of the packed record that goes to Kafka. The WAL of a database is that of its backends; the
 * server's also has what a checkpoint and a vacuum add.
 */
import { uniformly } from '../account-ids.ts';
import { walDuring } from '../backend-wal.ts';
import type { Stores } from '../bank.ts';
import { depositMessages, repeated } from '../load-messages.ts';
import type { Samples } from '../samples.ts';
import type { Scenario } from '../scenario.ts';

const SEED = 8;
const MESSAGES_MAX = 150;
const DATABASES = ['event_store', 'projection_store'];

export const storedBytes: Scenario = {
  name: 'stored bytes',
  figures: ['wal', 'outbox'],
  run: async ({ plan, measured, accounts, samples }) => {
    const { stores } = measured.bank;
    const distinct = Math.min(plan.bulkItems, MESSAGES_MAX * plan.messageItems);
    const messages = depositMessages(uniformly(accounts, SEED), distinct, plan.messageItems);
    const serverBefore = await readServerWal(stores);
    const { result: run, written } = await walDuring(stores.eventStore, DATABASES, () =>
      measured.bulk('stored-bytes', repeated(messages, plan.bulkItems)),
    );
    const server = (await readServerWal(stores)) - serverBefore;
    for (const [figure, bytes] of Object.entries({ ...written, server })) {
      samples.add(`wal.${figure}_bytes`, bytes / run.items);
    }
    await addOutbox(stores, run.submissionId, samples);
  },
};

async function readServerWal({ eventStore }: Stores): Promise<number> {
  const { rows } = await eventStore.query<{ bytes: number }>(
    "select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes",
  );
  if (rows[0] === undefined) throw new Error('the server has no position');
  return rows[0].bytes;
}

async function addOutbox(
  { eventStore }: Stores,
  submissionId: string,
  samples: Samples,
): Promise<void> {
  const { rows } = await eventStore.query<{ bytes: number; items: number; records: number }>(
    `select sum(octet_length(o.payload))::float8 as bytes, sum(s.accepted)::float8 as items,
            count(*)::float8 as records
       from submission_batches s join outbox o using (partition, seq)
      where s.tenant = '' and s.submission_id = $1`,
    [submissionId],
  );
  const [row] = rows;
  if (row === undefined) return;
  samples.add('outbox.bytes', row.bytes / row.items);
  samples.add('outbox.items_per_record', row.items / row.records);
}
