/**
 * A feed of the event log as a load generator reads it: bytes, in which events are counted without
 * being decoded, or messages of the generated code.
 */
import { WIRE, WireReader } from '#platform/wire-reader.ts';
import {
  SubscribeToEventsRequest,
  SubscribeToEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { FeedState } from '#proto/bank/v1/feed_state.ts';
import type { RawClient } from './raw-client.ts';

const EVENTS = 2;
const STATE = 3;

/** What one message holds. */
export type Told = { readonly events: number; readonly state: number };

export type ReadMessage = (bytes: Buffer) => Told;

export function countEvents(bytes: Buffer): Told {
  const reader = new WireReader(bytes);
  let events = 0;
  let state = 0;
  while (reader.at < reader.end) {
    const tag = reader.varint32();
    if (tag >>> 3 === EVENTS) events++;
    if (tag === ((STATE << 3) | WIRE.varint)) state = reader.varint32();
    else reader.skip(tag & 7);
  }
  return { events, state };
}

export function decodeEvents(bytes: Buffer): Told {
  const { events, state } = SubscribeToEventsResponse.decode(bytes);
  return { events: events.length, state };
}

export type OpenFeed = {
  /** Resolves when CAUGHT_UP has come. */
  readonly caughtUp: Promise<void>;
  cancel(): void;
};

export function openFeed(
  client: RawClient,
  request: Partial<SubscribeToEventsRequest>,
  read: ReadMessage,
  onEvents: (count: number) => void,
): OpenFeed {
  const { promise: caughtUp, resolve, reject } = Promise.withResolvers<void>();
  const full = SubscribeToEventsRequest.fromPartial({});
  const bytes = SubscribeToEventsRequest.encode({ ...full, ...request }).finish();
  const call = client.subscribe(Buffer.from(bytes));
  call.on('data', (message: Buffer) => {
    const { events, state } = read(message);
    if (events > 0) onEvents(events);
    if (state === FeedState.FEED_STATE_CAUGHT_UP) resolve();
  });
  call.on('error', reject);
  caughtUp.catch(() => undefined); // a feed that is cancelled afterwards ends with an error too
  return { caughtUp, cancel: () => call.cancel() };
}

/** The whole log, from its first event to CAUGHT_UP. */
export async function catchUp(
  client: RawClient,
  read: ReadMessage,
): Promise<{ events: number; tookMs: number }> {
  let events = 0;
  const startedMs = performance.now();
  const feed = openFeed(client, {}, read, (count) => (events += count));
  await feed.caughtUp;
  const tookMs = performance.now() - startedMs;
  feed.cancel();
  return { events, tookMs };
}
