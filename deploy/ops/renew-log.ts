/**
 * After the event store came back older than it was: what still speaks of the log that is gone must
 * not be taken for this one. The connector forgets where it was > the slot is dropped > the log
 * gets a new id, so that tokens of the old one are refused > the topic is emptied, for its newest
 * records may be of batches that are lost > what waited for lost events waits no more > the
 * projection does all erasures anew > the connector goes on, with a new slot. While no command-svc
 * and no projector-svc runs; each step may be made again.
 */
import type pg from 'pg';
import { createKafka } from '#platform/kafka.ts';
import type { KafkaSecurity } from '#platform/kafka-security.ts';
import { setUpTopics } from '../database/set-up-topics.ts';
import { forgetOffsets } from './connector-offsets.ts';
import { forgetErasures } from './forget-erasures.ts';

const TOPIC = 'bank.account-events';
const SLOT = 'bank_outbox';
const GONE_POLL_MS = 100;
const GONE_TIMEOUT_MS = 60_000;
/** query-svc may go on: it reads the projection only. */
const SERVICES = ['bank_command', 'bank_projector'] as const;

export type RenewOptions = {
  /** Both as the owner. */
  eventStore: pg.Client;
  projectionStore: pg.Client;
  brokers: string[];
  security: KafkaSecurity;
  connectUrl: string;
  onStep: (text: string) => void;
};

export async function renewLog(options: RenewOptions): Promise<string> {
  const { eventStore, projectionStore, brokers, security, connectUrl, onStep } = options;
  await checkNobodyServes(eventStore);
  await checkNobodyServes(projectionStore);
  const connector = await forgetOffsets(connectUrl);
  onStep('the connector is stopped, and has forgotten where it was');
  await dropSlot(eventStore);
  const { rows } = await eventStore.query<{ log_id: string; partition_count: number }>(
    'update ledger set log_id = gen_random_uuid() returning log_id, partition_count',
  );
  const [ledger] = rows;
  if (ledger === undefined) throw new Error('the event store has no ledger row');
  onStep(`the log is ${ledger.log_id} now`);
  await emptyTopic(brokers, security);
  await setUpTopics(brokers, ledger.partition_count, onStep, security);
  await projectionStore.query(
    'truncate waiting_items, waiting_records, parked_accounts, dead_letters',
  );
  onStep('nothing waits for dead letters');
  await forgetErasures(projectionStore);
  onStep('erasures of owners are done anew');
  await connector.resume();
  onStep('the connector goes on');
  return ledger.log_id;
}

async function checkNobodyServes(store: pg.Client): Promise<void> {
  const { rows } = await store.query<{ application_name: string }>(
    `select distinct application_name from pg_stat_activity
      where usename = any($1) and datname = current_database() order by 1 limit 10`,
    [SERVICES],
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => row.application_name).join(', ');
  throw new Error(`services are connected, stop them first: ${names}`);
}

/** A server that was restored has none; one that has failed over may. */
async function dropSlot(eventStore: pg.Client): Promise<void> {
  const find = 'select active_pid from pg_replication_slots where slot_name = $1';
  const end = `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
                where slot_name = $1 and active`;
  await eventStore.query(end, [SLOT]);
  if ((await eventStore.query(find, [SLOT])).rowCount === 0) return;
  await eventStore.query('select pg_drop_replication_slot($1)', [SLOT]);
}

async function emptyTopic(brokers: string[], security: KafkaSecurity): Promise<void> {
  const admin = createKafka(brokers, 'bank-ops', undefined, { security }).admin();
  await admin.connect();
  try {
    const isThere = async (): Promise<boolean> => (await admin.listTopics()).includes(TOPIC);
    if (!(await isThere())) return;
    await admin.deleteTopics({ topics: [TOPIC] });
    const endsAt = performance.now() + GONE_TIMEOUT_MS;
    while (await isThere()) {
      if (performance.now() > endsAt) throw new Error(`the topic ${TOPIC} does not go away`);
      await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
    }
  } finally {
    await admin.disconnect();
  }
}
