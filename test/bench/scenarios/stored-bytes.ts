/**
 * What an item of a bulk stream takes: WAL of either database and of the whole server, and its
 * share of the packed record that goes to Kafka. The WAL of a database is that of its backends; the
 * server's also has what a checkpoint and a vacuum add.
 */
import { sleep } from '#platform/waiting.ts';
import { uniformly } from '../account-ids.ts';
import type { Stores } from '../bank.ts';
import { depositMessages, repeated } from '../load-messages.ts';
import type { Samples } from '../samples.ts';
import type { Scenario } from '../scenario.ts';

const SEED = 8;
const MESSAGES_MAX = 150;
/** An idle backend tells what it has written within 10 s; there is no notice of it. */
const BACKEND_STATISTICS_MS = 10_500;

export const storedBytes: Scenario = {
  name: 'stored bytes',
  figures: ['wal', 'outbox'],
  run: async ({ plan, measured, accounts, samples }) => {
    const { stores } = measured.bank;
    const distinct = Math.min(plan.bulkItems, MESSAGES_MAX * plan.messageItems);
    const messages = depositMessages(uniformly(accounts, SEED), distinct, plan.messageItems);
    const before = await readWal(stores);
    const run = await measured.bulk('stored-bytes', repeated(messages, plan.bulkItems));
    const after = await readWal(stores);
    for (const [figure, bytes] of Object.entries(after)) {
      samples.add(`wal.${figure}_bytes`, (bytes - (before[figure] ?? 0)) / run.items);
    }
    await addOutbox(stores, run.submissionId, samples);
  },
};

async function readWal({ eventStore }: Stores): Promise<Record<string, number>> {
  await sleep(BACKEND_STATISTICS_MS);
  const backends = await eventStore.query<{ datname: string; bytes: number }>(
    `select a.datname, sum(w.wal_bytes)::float8 as bytes
       from pg_stat_activity a cross join lateral pg_stat_get_backend_wal(a.pid) w
      where a.datname in ('event_store', 'projection_store') group by a.datname`,
  );
  const server = await eventStore.query<{ bytes: number }>(
    "select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes",
  );
  const of = Object.fromEntries(backends.rows.map(({ datname, bytes }) => [datname, bytes]));
  return { ...of, server: server.rows[0]?.bytes ?? 0 };
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
