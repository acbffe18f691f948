/**
 * The event feed of real services, under a payroll that runs meanwhile: a replica is killed (-9),
 * another drains, and the feed goes on each time with its last token on one that lives; what it has
 * told is the log. And the topic as an outside consumer reads it, which is the same log again.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BankClient } from '#client/bank-client.ts';
import { uploadDeposits } from '#client/bulk-upload.ts';
import { describeFault, StreamGivenUpError, type CallFault } from '#client/call-fault.ts';
import { followEvents } from '#client/event-feed.ts';
import { consumeTopic, factsOf } from '#deploy/example/topic-consumer.ts';
import { TopicReader } from '#deploy/example/topic-reader.ts';
import { createKafka } from '#platform/kafka.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import type {
  AccountEvent,
  ReadAccountEventsResponse,
  SubscribeToEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import { depositItem, openAccounts } from '#test/support/bank-calls.ts';
import { placesOf } from '#test/support/feed-client.ts';
import { connected, openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { readHeads, uuidOf } from '#test/support/stored-rows.ts';
import { readTopicRecords } from '#test/support/topic-records.ts';
import { until } from '#test/support/until.ts';

const ITEMS = 6_000;
const CHUNK_ITEMS = 100;
/** So far the upload goes until the feed was cut by the kill, and by the drain. */
const BEFORE_KILL_ITEMS = ITEMS / 2;
const BEFORE_DRAIN_ITEMS = (ITEMS * 5) / 6;
const ONCE = { attempts: 1, attemptsTotal: 1, firstMs: 10, maxMs: 10 };

describe('the event feed', () => {
  let mesh: Mesh;
  const random = seededRandom(freshSeed());
  beforeAll(async () => {
    mesh = await openMesh({ command: 2 });
  });
  afterAll(() => mesh.close());

  test('goes on where it was, over a kill and a drain', async () => {
    const before = await logPlaces();
    const payroll = makePayroll(random, { accounts: 30, items: ITEMS, dirt: 0.05 });
    const feed = new Feed();
    await openAccounts(mesh.client, payroll);
    const told = (): number => feed.events.length - before.length;
    let allowed = BEFORE_KILL_ITEMS;
    const upload = uploadInChunks(payroll, () => allowed);
    upload.catch(() => undefined); // awaited below; a test that has failed before stops it

    const first = feed.follow(await mesh.connectedTo('command-1'));
    await feed.until('a third of the payroll', () => told() > ITEMS / 3);
    await mesh.kill('command-1');
    expect(await first).toBe('');

    const second = feed.follow(await mesh.connectedTo('command-2'));
    allowed = BEFORE_DRAIN_ITEMS;
    await mesh.restart('command-1');
    await feed.until('two thirds', () => told() > (ITEMS * 2) / 3);
    await mesh.replica('command-2').stop();
    expect(await second).toBe('STREAM_ROTATED');

    const third = feed.follow(await mesh.connectedTo('command-1'));
    allowed = ITEMS;
    await mesh.restart('command-2');
    await upload;
    const log = await logPlaces();
    await feed.until('the whole log', () => feed.events.length >= log.length);
    feed.stop();
    await third;
    expect(byPartition(placesOf(feed.events))).toEqual(byPartition(log));
  });

  test('tells an account as it is stored, and the topic the same log', async () => {
    await checkAccount();
    expect(byPartition(await topicPlaces())).toEqual(byPartition(await logPlaces()));
  });

  test('each record of the topic names the batch before it', async () => {
    const kafka = createKafka(mesh.stack.kafkaBrokers, 'outside');
    const records = await readTopicRecords(kafka, await readHeads(mesh.stores));
    const later = [...records.values()].filter(({ seq }) => seq > 1n);
    expect(later).not.toEqual([]);
    for (const { partition, seq, previousBatchId } of later) {
      const place = `${partition}/${seq - 1n}`;
      const batchId = records.get(place)?.batchId ?? previousBatchId;
      expect(batchId, place).not.toBe('');
      expect([place, previousBatchId]).toEqual([place, batchId]);
    }
  });

  /** The source stops where the test says, so that each part of the feed has something to tell. */
  async function uploadInChunks(payroll: Payroll, allowed: () => number): Promise<void> {
    async function* source(from: number) {
      const { items } = payroll;
      for (let index = from, end = from; index < items.length; index = end) {
        await until('leave to go on', () => index < allowed(), { everyMs: 5 });
        end = Math.min(index + CHUNK_ITEMS, allowed());
        yield items.slice(index, end).map(depositItem);
      }
    }
    const { submissionId } = payroll;
    await uploadDeposits(mesh.client.bulk, source, { submissionId, messageItems: CHUNK_ITEMS });
  }

  async function logPlaces(): Promise<string[]> {
    const { rows } = await mesh.stores.eventStore.query<LogRow>(
      'select partition, seq, payload from outbox order by partition, seq',
    );
    return rows.flatMap(({ partition, seq, payload }) =>
      placesIn(partition, seq, EventBatch.decode(payload)),
    );
  }

  /** Versions of an account as a caller reads them, beside those that are stored. */
  async function checkAccount(): Promise<void> {
    const { rows } = await mesh.stores.eventStore.query<{ account_id: string; versions: bigint }>(
      'select account_id, max(version) as versions from events group by account_id limit 1',
    );
    const [row] = rows;
    if (row === undefined) throw new Error('no account in the log');
    const { account_id: accountId, versions } = row;
    const told: bigint[] = [];
    const client = await connected(mesh.client);
    const call = client.eventLog.readAccountEvents({ accountId, fromVersion: 0n });
    const messages: AsyncIterable<ReadAccountEventsResponse> = call;
    for await (const message of messages) told.push(...message.events.map((one) => one.version));
    expect(told).toEqual(Array.from({ length: Number(versions) }, (_, n) => BigInt(n + 1)));
  }

  /** As an outside consumer reads it, from its first record to today's heads. */
  async function topicPlaces(): Promise<string[]> {
    const kafka = createKafka(mesh.stack.kafkaBrokers, 'outside');
    const consumer = kafka.consumer({ groupId: `outside-${random.uuid()}` });
    const reader = new TopicReader();
    const places: string[] = [];
    await consumeTopic(consumer, reader, {
      store: async (batch, seq) => {
        for (const { accountId, version } of factsOf(batch)) {
          places.push([batch.partition, seq, accountId, version].join('/'));
        }
      },
      fill: async (partition) => {
        places.push(...(await missingPlaces(reader, partition)));
      },
    });
    const heads = await readHeads(mesh.stores);
    await until('all positions', () =>
      heads.every(({ partition, seq }) => (reader.applied.get(partition) ?? 0n) >= seq),
    );
    await consumer.disconnect();
    return places;
  }

  /** What the topic has not brought is read by the feed, behind what was applied. */
  async function missingPlaces(reader: TopicReader, partition: number): Promise<string[]> {
    const places: string[] = [];
    const positions = [{ partition, seq: reader.applied.get(partition) ?? 0n }];
    const call = mesh.client.eventLog.subscribeToEvents({
      start: { $case: 'after', value: { positions } },
      types: [],
      owners: [],
      partitions: [partition],
    });
    const messages: AsyncIterable<SubscribeToEventsResponse> = call;
    for await (const { events, state } of messages) {
      places.push(...placesOf(events));
      if (state === FeedState.FEED_STATE_CAUGHT_UP) break;
    }
    const heads = await readHeads(mesh.stores);
    const head = heads.find((one) => one.partition === partition);
    reader.applied.set(partition, head?.seq ?? 0n); // nobody writes meanwhile
    return places;
  }
});

type LogRow = { partition: number; seq: bigint; payload: Buffer };

function placesIn(partition: number, seq: bigint, { events }: EventBatch): string[] {
  return events.map(({ accountId, version }) =>
    [partition, seq, uuidOf(accountId), version].join('/'),
  );
}

/** In the order in which they came: that of each partition is what counts. */
function byPartition(places: readonly string[]): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const place of places) (lists[place.split('/')[0] ?? ''] ??= []).push(place);
  return lists;
}

/** What a consumer keeps: the events, and the token of the last message that it has dealt with. */
class Feed {
  readonly events: AccountEvent[] = [];
  #token = '';
  #ended: string | undefined;
  readonly #stopping = new AbortController();

  /** Without a try of its own; answers the reason for which the stream ended. */
  async follow(client: BankClient): Promise<string> {
    this.#ended = undefined;
    const fault = await this.#faultOf(client);
    this.#ended = fault === undefined ? 'stopped' : describeFault(fault);
    return fault?.reason ?? '';
  }

  /** Fails at once when the stream that should bring it has ended. */
  until(what: string, isReached: () => boolean): Promise<boolean> {
    return until(what, () => {
      if (isReached()) return true;
      if (this.#ended !== undefined) throw new Error(`${what}: the feed ended: ${this.#ended}`);
      return false;
    });
  }

  /** Undefined: it was stopped. */
  async #faultOf({ eventLog }: BankClient): Promise<CallFault | undefined> {
    const { signal } = this.#stopping;
    try {
      const request = { resumeToken: this.#token, retry: ONCE, signal };
      for await (const { events, resumeToken } of followEvents(eventLog, request)) {
        this.events.push(...events);
        this.#token = resumeToken;
      }
    } catch (error) {
      if (error instanceof StreamGivenUpError) return error.fault;
      if (!signal.aborted) throw error;
    }
    return undefined;
  }

  stop(): void {
    this.#stopping.abort();
  }
}
