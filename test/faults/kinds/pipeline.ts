/**
 * Faults of the pipeline and of Redis: what is kept there is taken away. The slot is made again by
 * the product, the topic by whoever runs Kafka.
 */
import { Redis } from 'ioredis';
import { setUpTopics } from '#deploy/database/set-up-topics.ts';
import { SLOT } from '#deploy/local/stack.ts';
import { createKafka } from '#platform/kafka.ts';
import { until } from '#test/support/until.ts';
import { PARTITIONS, type FaultyMesh } from '../mesh/faulty-mesh.ts';
import type { FaultKind } from './fault.ts';

const TOPIC = 'bank.account-events';
const YES_OR_NO = [() => true, () => false] as const;
const UNTIL = { timeoutMs: 60_000, everyMs: 50 } as const;

export const slotDropped: FaultKind = {
  name: 'slot dropped',
  targets: [SLOT],
  needs: ['postgres'],
  strike: async ({ stores: { eventStore } }) => {
    const drop = async (): Promise<void> => {
      await eventStore.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
        [SLOT],
      );
      await eventStore.query('select pg_drop_replication_slot($1)', [SLOT]);
    };
    // Its reader may be back already.
    await until('the slot is dropped', () => drop().then(...YES_OR_NO), UNTIL);
    return () => Promise.resolve();
  },
};

export const topicTruncated: FaultKind = {
  name: 'topic truncated',
  targets: [TOPIC],
  needs: ['kafka'],
  strike: async (mesh) => {
    await withAdmin(mesh, async (admin) => {
      const ends = await admin.fetchTopicOffsets(TOPIC);
      await admin.deleteTopicRecords({
        topic: TOPIC,
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      });
    });
    return () => Promise.resolve();
  },
};

export const topicDeleted: FaultKind = {
  name: 'topic deleted',
  targets: [TOPIC],
  needs: ['kafka'],
  strike: async (mesh) => {
    await withAdmin(mesh, (admin) => admin.deleteTopics({ topics: [TOPIC] }));
    return async () => {
      const make = (): Promise<void> =>
        setUpTopics(mesh.stack.kafkaBrokers, PARTITIONS, () => undefined);
      // What is being deleted cannot be made yet.
      await until('the topic is made again', () => make().then(...YES_OR_NO), UNTIL);
    };
  },
};

export const redisFlushed: FaultKind = {
  name: 'flushed',
  targets: ['redis'],
  needs: [],
  strike: async ({ stack }) => {
    const redis = new Redis(stack.redisUrl);
    try {
      await redis.flushall();
    } finally {
      redis.disconnect();
    }
    return () => Promise.resolve();
  },
};

type Admin = ReturnType<ReturnType<typeof createKafka>['admin']>;

async function withAdmin(
  { stack }: FaultyMesh,
  work: (admin: Admin) => Promise<void>,
): Promise<void> {
  const admin = createKafka(stack.kafkaBrokers, 'bank-faults').admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
