/**
 * What can happen to the pipeline from the log to the projection, done to the real parts of a mesh
 * of a test's own: how each fault begins, and what whoever runs the parts does at its end (starts
 * what was stopped, makes the topic again). All else has to mend itself.
 */
import { rmSync } from 'node:fs';
import { setUpTopics } from '#deploy/database/set-up-topics.ts';
import { SLOT } from '#deploy/local/stack.ts';
import { createKafka } from '#platform/kafka.ts';
import { emptyProjection } from '#test/support/emptied-projection.ts';
import { filledRecords } from '#test/support/ledger-check.ts';
import type { OwnMesh } from '#test/support/own-mesh.ts';
import { until } from '#test/support/until.ts';

export type PipelineFault = {
  name: string;
  begin: (mesh: OwnMesh) => Promise<void>;
  end?: (mesh: OwnMesh) => Promise<void>;
  /** Whether Kafka alone can no longer bring all. */
  losesRecords: boolean;
  /** Soon over, so that CI has the time for it. */
  isShort?: true;
};

/** Small, so that a slot is lost after a few of them. */
export const RETAINED_WAL_MAX = '48MB';

const TOPIC = 'bank.account-events';
const PUBLICATION = 'bank_outbox';
const PARTITIONS = 16;
const MENDED = { timeoutMs: 60_000 } as const;

export const PIPELINE_FAULTS: readonly PipelineFault[] = [
  { name: 'the slot is dropped', begin: dropSlot, losesRecords: true, isShort: true },
  {
    name: 'Connect is down until the slot has lost its WAL',
    begin: loseSlot,
    end: ({ stack }) => stack.parts.connect.start(),
    losesRecords: true,
  },
  { name: 'the topic is deleted and made again', begin: replaceTopic, losesRecords: true },
  { name: 'a task fails', begin: failTask, end: makePublication, losesRecords: true },
  {
    name: 'Kafka is down',
    begin: ({ stack }) => stack.parts.kafka.stop('SIGKILL'),
    end: startKafkaLate,
    losesRecords: true,
  },
  {
    name: 'Kafka loses all that it holds, and Connect all that it knows',
    begin: emptyKafka,
    end: ({ stack }) => stack.parts.connect.start(),
    losesRecords: true,
  },
  {
    name: 'PostgreSQL is stopped in immediate mode',
    begin: ({ stack }) => stack.parts.postgres.restart('SIGQUIT'),
    losesRecords: false,
  },
  {
    name: 'the projected tables are emptied',
    begin: ({ stores }) => emptyProjection(stores.projectionStore),
    losesRecords: true,
    isShort: true,
  },
];

async function dropSlot({ stores: { eventStore } }: OwnMesh): Promise<void> {
  await until('the slot is dropped', async () => {
    await eventStore.query(
      'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
      [SLOT],
    );
    const drop = eventStore.query('select pg_drop_replication_slot($1)', [SLOT]);
    return drop.then(
      () => true,
      () => false, // its reader was back already
    );
  });
}

/** The watchdog may drop it before it was seen lost here. */
async function loseSlot({ stack, stores: { eventStore } }: OwnMesh): Promise<void> {
  await stack.parts.connect.stop('SIGKILL');
  await until('the slot has lost its WAL', async () => {
    await eventStore.query(`select pg_logical_emit_message(false, 'bank-test', 'fill')`);
    await eventStore.query('select pg_switch_wal()');
    await eventStore.query('checkpoint');
    const { rows } = await eventStore.query<{ wal_status: string }>(
      'select wal_status from pg_replication_slots where slot_name = $1',
      [SLOT],
    );
    return rows.every(({ wal_status }) => wal_status === 'lost');
  });
}

async function replaceTopic({ stack }: OwnMesh): Promise<void> {
  const admin = createKafka(stack.kafkaBrokers, 'bank-test').admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [TOPIC] });
  await until('the topic is gone', async () => !(await admin.listTopics()).includes(TOPIC));
  await admin.disconnect();
  await setUpTopics(stack.kafkaBrokers, PARTITIONS, () => undefined);
}

/** Debezium tries for ever what PostgreSQL refuses, but not to go on without its publication. */
async function failTask({ stack, stores: { eventStore } }: OwnMesh): Promise<void> {
  await eventStore.query(`alter publication ${PUBLICATION} rename to ${PUBLICATION}_away`);
  await eventStore.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
    [SLOT],
  );
  const url = `${stack.connectUrl}/connectors/bank-outbox/status`;
  await until(
    'a failed task',
    async () => (await (await fetch(url)).text()).includes('"FAILED"'),
    MENDED,
  );
}

async function makePublication({ stores: { eventStore } }: OwnMesh): Promise<void> {
  await eventStore.query(`alter publication ${PUBLICATION}_away rename to ${PUBLICATION}`);
}

async function startKafkaLate({ stack, stores }: OwnMesh): Promise<void> {
  const before = await filledRecords(stores);
  await until('the outbox feeds', async () => (await filledRecords(stores)) > before, MENDED);
  await stack.parts.kafka.start();
}

async function emptyKafka({ stack }: OwnMesh): Promise<void> {
  const { kafka, connect } = stack.parts;
  await Promise.all([connect.stop('SIGKILL'), kafka.stop('SIGKILL')]);
  rmSync(stack.folder.inside('kafka', 'storage'), { recursive: true });
  await kafka.start();
  await setUpTopics(stack.kafkaBrokers, PARTITIONS, () => undefined);
}
