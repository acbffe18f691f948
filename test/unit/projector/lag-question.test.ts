/** What it means that Kafka does not tell the lag: only a lost connection is Kafka away. */
import { KafkaJSConnectionError, KafkaJSError, KafkaJSNumberOfRetriesExceeded } from 'kafkajs';
import pg from 'pg';
import { expect, test } from 'vitest';
import { lagSeen } from '../../../projector-svc/lag-question.ts';
import type { AskLag } from '../../../projector-svc/lag-question.ts';
import { lookAtPipeline } from '../../../projector-svc/pipeline-look.ts';

const refused = new KafkaJSConnectionError('Connection error: connect ECONNREFUSED');
const tried = new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 1, retryTime: 100 });
const moved = new KafkaJSError('The group coordinator is not available');
const forever = new Promise<undefined>(() => undefined);
const NEVER = new AbortController().signal;

test.each<[string, AskLag, string]>([
  ['no connection is made', () => Promise.reject(tried), 'unreachable'],
  ['none is made in time', () => forever, 'unreachable'],
  ['it is lost', (on) => (on(), Promise.reject(refused)), 'unreachable'],
  ['the group has no coordinator', (on) => (on(), Promise.reject(moved)), 'unknown'],
  ['the answer takes too long', (on) => (on(), forever), 'unknown'],
  ['there is no topic', (on) => (on(), Promise.resolve(undefined)), 'no-topic'],
])('%s', async (_, ask, seen) => {
  expect(await lagSeen(ask, 20, NEVER)).toBe(seen);
});

test('the watchdog goes on unless Kafka itself is away', async () => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1 });
  const ctx = { eventStore: pool, watching: pool, connectUrl: undefined, stopping: NEVER };
  expect((await lookAtPipeline(ctx, 'unknown')).kafkaAway).toBe(false);
  expect((await lookAtPipeline(ctx, 'unreachable')).kafkaAway).toBe(true);
});
