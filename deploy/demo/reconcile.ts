/**
 * Do file, event store and projection agree, to the cent and item by item? Reads the expectation
 * (made from the file alone) and both databases by SQL, and asks Kafka how many records came by it.
 * Imports no code of the services. Without faults nothing may have been filled from the outbox:
 * that would hide a dead pipeline.
 */
import type pg from 'pg';
import { createKafka } from '#platform/kafka.ts';
import { KAFKA_PLAINTEXT, type KafkaSecurity } from '#platform/kafka-security.ts';
import { createPool, withTransaction } from '#platform/postgres.ts';
import type { Expectation } from './expectation.ts';
import { createFindings } from './findings.ts';
import { reconcileEvents } from './reconcile-events.ts';
import { reconcileLog, type LogFacts } from './reconcile-log.ts';
import { comparePositions, reconcileProjection } from './reconcile-projection.ts';
import { reconcileSubmission } from './reconcile-submission.ts';

const TOPIC = 'bank.account-events';

export type Stores = {
  readonly eventStoreUrl: string;
  readonly projectionStoreUrl: string;
  readonly kafkaBrokers: string[];
  readonly kafkaSecurity?: KafkaSecurity;
};

export type Reconciliation = {
  readonly differences: readonly string[];
  readonly comparisons: number;
  readonly logRecords: number;
  readonly kafkaRecords: number;
};

export async function reconcile(
  stores: Stores,
  submissionId: string,
  expected: Expectation,
): Promise<Reconciliation> {
  const findings = createFindings();
  const { events, log } = await withStore(stores.eventStoreUrl, async (client) => {
    const events = await reconcileEvents(client, expected, findings);
    const log = await reconcileLog(client, submissionId, expected, events, findings);
    await reconcileSubmission(client, submissionId, expected, findings);
    return { events, log };
  });
  await withStore(stores.projectionStoreUrl, async (client) => {
    await reconcileProjection(client, submissionId, expected, events, findings);
    await comparePositions(client, log, findings);
  });
  const kafkaRecords = await recordsOnTopic(stores);
  if (kafkaRecords < log.records) {
    const text = `${kafkaRecords} records came by Kafka, ${log.records} stand in the outbox`;
    findings.difference('kafka', text);
  }
  return {
    differences: findings.differences(),
    comparisons: findings.comparisons(),
    logRecords: log.records,
    kafkaRecords,
  };
}

export type { LogFacts };

async function withStore<T>(url: string, read: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const pool = createPool({ url, applicationName: 'bank-demo', maxConnections: 1 });
  try {
    return await withTransaction(pool, async (client) => {
      await client.query('set transaction isolation level repeatable read, read only');
      await client.query("set local idle_in_transaction_session_timeout = '60s'");
      return await read(client);
    });
  } finally {
    await pool.end();
  }
}

async function recordsOnTopic(stores: Stores): Promise<number> {
  const { kafkaBrokers: brokers, kafkaSecurity: security = KAFKA_PLAINTEXT } = stores;
  const admin = createKafka(brokers, 'bank-demo', undefined, { security }).admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(TOPIC);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
}
