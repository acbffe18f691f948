/**
 * One measured bulk run: a submission's messages are streamed, its acknowledgements followed until
 * `complete`, and the outcome reconciled. Times are from the first message sent.
 */
import { once } from 'node:events';
import { followAcknowledgements } from '#client/acknowledgements.ts';
import { createLatencies, type Latencies } from '#deploy/demo/latencies.ts';
import { microsFromTimestamp } from '#platform/timestamps.ts';
import type {
  ProjectorServiceClient,
  StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
import { requireEqual } from './check-failed.ts';
import { submissionField, type LoadMessage } from './load-messages.ts';
import type { Sent } from './ledger-facts.ts';
import { PATHS, type BulkPath, type RawClient } from './raw-client.ts';

export type BulkLoad = {
  readonly submissionId: string;
  /** An asynchronous one sets its own pace. */
  readonly messages: Iterable<LoadMessage> | AsyncIterable<LoadMessage>;
  readonly path?: BulkPath;
  /** Called for each message of the feed, with the items acknowledged so far. */
  readonly onAcknowledged?: (total: number, atMs: number) => void;
};

export type BulkTargets = {
  readonly command: RawClient;
  readonly projector: ProjectorServiceClient;
  readonly signal: AbortSignal;
};

export type BulkTimes = Sent & {
  readonly submissionId: string;
  /** First message to the receipt. */
  readonly storedMs: number;
  /** First message to `complete`. */
  readonly acknowledgedMs: number;
  /** From stored_at to the arrival of the acknowledgement, an item each. */
  readonly latencies: Latencies;
};

export async function runBulk(targets: BulkTargets, load: BulkLoad): Promise<BulkTimes> {
  const ended = new AbortController();
  const clock: Clock = { startedMs: undefined };
  const signal = AbortSignal.any([targets.signal, ended.signal]);
  const following = follow(targets.projector, load, clock, signal);
  following.catch(() => undefined); // awaited below; the sender may fail first
  try {
    const sent = await send(targets.command, load, clock);
    const storedMs = elapsedMs(clock);
    const { acknowledged, latencies } = await following;
    const acknowledgedMs = elapsedMs(clock);
    requireEqual('acknowledged on the stream', acknowledged, sent.items);
    return { ...sent, submissionId: load.submissionId, storedMs, acknowledgedMs, latencies };
  } finally {
    ended.abort(new Error('the run has ended'));
  }
}

type Clock = { startedMs: number | undefined };

async function send(client: RawClient, load: BulkLoad, clock: Clock): Promise<Sent> {
  const field = submissionField(load.submissionId);
  const { call, receipt } = client.openBulk(load.path ?? PATHS.bulkDeposit);
  const failed = receipt.then(() => {
    throw new Error('the service has answered before the end of the stream');
  });
  failed.catch(() => undefined); // raced below while messages are being sent
  let items = 0;
  let amountMinor = 0n;
  try {
    for await (const message of load.messages) {
      clock.startedMs ??= performance.now();
      items += message.items;
      amountMinor += message.amountMinor;
      const ready = call.write(Buffer.concat([field, message.body]));
      if (!ready) await Promise.race([once(call, 'drain'), failed]);
    }
    call.end();
    const { accepted, received } = await receipt;
    requireEqual('received', received, BigInt(items));
    requireEqual('accepted', accepted, BigInt(items));
    return { items, amountMinor };
  } catch (error) {
    call.cancel();
    throw error;
  }
}

async function follow(
  projector: ProjectorServiceClient,
  { submissionId, onAcknowledged }: BulkLoad,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ acknowledged: number; latencies: Latencies }> {
  const latencies = createLatencies();
  let acknowledged = 0;
  for await (const message of followAcknowledgements(projector, { submissionId, signal })) {
    const items = noteLatency(message, latencies);
    acknowledged += items;
    if (items > 0) onAcknowledged?.(acknowledged, elapsedMs(clock));
  }
  return { acknowledged, latencies };
}

function noteLatency(
  { acknowledgement }: StreamAcknowledgementsResponse,
  latencies: Latencies,
): number {
  if (acknowledgement?.storedAt === undefined) return 0;
  const items = Number(acknowledgement.itemCount);
  const storedAtMs = Number(microsFromTimestamp(acknowledgement.storedAt)) / 1_000;
  latencies.add(Date.now() - storedAtMs, items);
  return items;
}

function elapsedMs({ startedMs }: Clock): number {
  return performance.now() - (startedMs ?? performance.now());
}
