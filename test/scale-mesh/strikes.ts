/**
 * The faults of a run: a broker is killed that leads, and the Connect worker that runs the
 * connector's task. Each answers how long it took until others had taken over, and how to bring
 * back what was killed.
 */
import { callHttp } from '#platform/http-call.ts';
import { createKafka } from '#platform/kafka.ts';
import type { Part } from '#deploy/local/part.ts';
import { SLOT, type Stack } from '#deploy/local/stack.ts';
import type { Stores } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';
import { z } from 'zod';

export const TOPIC = 'bank.account-events';
const TAKEOVER = { timeoutMs: 120_000, everyMs: 50 } as const;
const CALL_TIMEOUT_MS = 5_000;

export type Strike = {
  readonly what: string;
  readonly takeoverMs: number;
  readonly struckAtMs: number;
  readonly bringBack: () => Promise<void>;
};

type Leaders = readonly { readonly partitionId: number; readonly leader: number }[];

const statusSchema = z.object({
  tasks: z.array(z.object({ worker_id: z.string(), state: z.string() })),
});

/** The leader of the most partitions, but never the only one that a client may know. */
export async function killLeadingBroker({ brokerParts, kafkaBrokers }: Stack): Promise<Strike> {
  const led = Map.groupBy(await leadersOf(kafkaBrokers), ({ leader }) => leader);
  const [nodeId, partitions] = [...led].toSorted((a, b) => b[1].length - a[1].length)[0] ?? [];
  const broker = nodeId === undefined ? undefined : brokerParts[nodeId - 1];
  if (nodeId === undefined || broker === undefined) throw new Error('no broker leads');
  const others = kafkaBrokers.filter((_, n) => n !== nodeId - 1);
  const struckAtMs = performance.now();
  await broker.stop('SIGKILL');
  await until(
    'every partition led by another broker',
    async () => (await leadersOf(others)).every(({ leader }) => leader !== nodeId && leader > 0),
    TAKEOVER,
  );
  const what = `broker ${nodeId}, which led ${partitions?.length} of the partitions`;
  return { what, struckAtMs, takeoverMs: performance.now() - struckAtMs, bringBack: start(broker) };
}

async function leadersOf(brokers: string[]): Promise<Leaders> {
  const admin = createKafka(brokers, 'bank-scale-mesh').admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
    return topics.flatMap(({ partitions }) => partitions);
  } finally {
    await admin.disconnect();
  }
}

export async function killRunningWorker(
  { workerParts, connectUrls }: Stack,
  { eventStore }: Stores,
): Promise<Strike> {
  const running = await runningWorker(connectUrls);
  const worker = workerParts[running];
  if (worker === undefined) throw new Error('no worker runs the task');
  const readerBefore = await slotReader(eventStore);
  const struckAtMs = performance.now();
  await worker.stop('SIGKILL');
  await until(
    'another worker at the slot',
    async () => {
      const reader = await slotReader(eventStore);
      return reader !== undefined && reader !== readerBefore;
    },
    TAKEOVER,
  );
  const what = `Connect worker ${running + 1}, which ran the task`;
  return { what, struckAtMs, takeoverMs: performance.now() - struckAtMs, bringBack: start(worker) };
}

/** Which of them runs the connector's task, from 0. */
export async function runningWorker(connectUrls: readonly string[]): Promise<number> {
  const [first = ''] = connectUrls;
  const { text } = await callHttp(first, '/connectors/bank-outbox/status', {
    method: 'GET',
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const { tasks } = statusSchema.parse(JSON.parse(text));
  const id = tasks.find(({ state }) => state === 'RUNNING')?.worker_id;
  return connectUrls.findIndex((url) => new URL(url).host === id);
}

async function slotReader(store: Stores['eventStore']): Promise<number | undefined> {
  const { rows } = await store.query<{ active_pid: number | null }>(
    'select active_pid from pg_replication_slots where slot_name = $1',
    [SLOT],
  );
  return rows[0]?.active_pid ?? undefined;
}

const start =
  (part: Part): Strike['bringBack'] =>
  () =>
    part.start();
