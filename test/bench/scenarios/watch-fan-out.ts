/**
 * A thousand watchers of one account, over a few connections, while deposits come in: how many
 * messages a second they are told in all, from the first deposit's sending to the last watcher's
 * last message. Each must be told every version.
 */
import type { ClientReadableStream } from '@grpc/grpc-js';
import { WatchAccountRequest, WatchAccountResponse } from '#proto/bank/v1/account_query_service.ts';
import { onOne } from '../account-ids.ts';
import { requireEqual } from '../check-failed.ts';
import { depositMessages } from '../load-messages.ts';
import { RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const WATCHERS = 1_000;
const CONNECTIONS = 4;
const MESSAGE_ITEMS = 5;
const TOLD_WITHIN_MS = 120_000;

type Watcher = {
  readonly call: ClientReadableStream<Buffer>;
  readonly began: Promise<void>;
  /** Versions told behind the first message. */
  readonly entries: () => bigint;
  /** Resolves when so many were told. */
  readonly told: (entries: number) => Promise<void>;
};

export const watchFanOut: Scenario = {
  name: 'watch-fan-out',
  figures: ['query.watch_fan_out_events_per_s'],
  run: async (context) => {
    for (let run = 0; run < context.plan.runs; run++) await fanOut(context, run);
  },
};

async function fanOut(context: ScenarioContext, run: number): Promise<void> {
  const { plan, measured, accounts, samples } = context;
  const accountId = accounts[run] ?? '';
  const address = measured.bank.mesh.addresses.query[0] ?? '';
  const clients = Array.from({ length: CONNECTIONS }, () => new RawClient(address));
  const request = Buffer.from(
    WatchAccountRequest.encode(WatchAccountRequest.fromPartial({ accountId })).finish(),
  );
  const watchers = Array.from({ length: WATCHERS }, (_, n) =>
    openWatcher(clients[n % CONNECTIONS]?.watch(request)),
  );
  try {
    await Promise.all(watchers.map(({ began }) => began));
    const messages = depositMessages(onOne(accountId), plan.fanOutEvents, MESSAGE_ITEMS);
    const startedMs = performance.now();
    const told = Promise.all(watchers.map((watcher) => watcher.told(plan.fanOutEvents)));
    told.catch(() => undefined); // awaited behind the load
    await measured.bulk('fan-out', messages);
    await told;
    const events = WATCHERS * plan.fanOutEvents;
    samples.add(
      'query.watch_fan_out_events_per_s',
      perSecond(events, performance.now() - startedMs),
    );
    for (const { entries } of watchers) {
      requireEqual('entries told to a watcher', entries(), BigInt(plan.fanOutEvents));
    }
  } finally {
    for (const { call } of watchers) call.cancel();
    for (const client of clients) client.close();
  }
}

function openWatcher(call: ClientReadableStream<Buffer> | undefined): Watcher {
  if (call === undefined) throw new Error('there is no connection');
  const began = Promise.withResolvers<void>();
  const all = Promise.withResolvers<void>();
  let wanted = Infinity;
  let count = 0;
  // Decoded at the end only: what a watcher's own decoding costs is not measured.
  const kept: Buffer[] = [];
  const entries = (): bigint =>
    kept.reduce(
      (sum, bytes) => sum + BigInt(WatchAccountResponse.decode(bytes).entries.length),
      0n,
    );
  call.on('data', (bytes: Buffer) => {
    kept.push(bytes);
    count++;
    began.resolve();
    if (count > wanted) all.resolve();
  });
  call.on('error', (error: Error) => {
    began.reject(error);
    all.reject(error);
  });
  all.promise.catch(() => undefined); // the end of the run cancels it
  const told = async (least: number): Promise<void> => {
    wanted = least;
    if (count > wanted) all.resolve();
    const timer = setTimeout(
      () => all.reject(new Error(`told ${count} messages of ${least}`)),
      TOLD_WITHIN_MS,
    );
    await all.promise.finally(() => clearTimeout(timer));
  };
  return { call, began: began.promise, entries, told };
}
