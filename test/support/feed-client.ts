/**
 * One SubscribeToEvents or ReadAccountEvents stream in a test's hands: what has come, the end, and
 * waiting until something has.
 */
import type { ClientReadableStream } from '@grpc/grpc-js';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import {
  SubscribeToEventsRequest,
  type AccountEvent,
  type EventLogServiceClient,
  type SubscribeToEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import type { FeedState } from '#proto/bank/v1/feed_state.ts';
import { until } from '#test/support/until.ts';

export type FeedRequest = Partial<SubscribeToEventsRequest>;

export type StreamReading<Message> = {
  messages: Message[];
  stream: ClientReadableStream<Message>;
  /** Resolves when the stream has ended: its code and reason, such as '14 STREAM_ROTATED'. */
  ended: Promise<string>;
};

export type FeedReading = StreamReading<SubscribeToEventsResponse> & {
  events: () => AccountEvent[];
  lastToken: () => string;
  /** Resolves when the mark has come `times` times. */
  until: (state: FeedState, times?: number) => Promise<void>;
  untilEvents: (count: number) => Promise<void>;
  /** Cancels, and resolves when it has ended. */
  cut: () => Promise<void>;
};

export function readStream<Message>(stream: ClientReadableStream<Message>): StreamReading<Message> {
  const messages: Message[] = [];
  stream.on('data', (message: Message) => messages.push(message));
  stream.on('error', () => undefined); // 'status' tells the same
  const ended = new Promise<string>((resolve) => {
    stream.on('status', ({ code, metadata }) => {
      const details = decodeStatusDetails(metadata);
      const field = details?.violations[0]?.field;
      resolve([code, details?.reason, field].filter((part) => part !== undefined).join(' '));
    });
  });
  return { messages, stream, ended };
}

export function follow(client: EventLogServiceClient, request: FeedRequest = {}): FeedReading {
  const reading = readStream(
    client.subscribeToEvents(SubscribeToEventsRequest.fromPartial(request)),
  );
  const { messages, stream, ended } = reading;
  let over = '';
  void ended.then((end) => (over = `; it ended: ${end}`));
  const events = (): AccountEvent[] => messages.flatMap((message) => message.events);
  const detail = (): string => `${events().length} events in ${messages.length} messages${over}`;
  return {
    ...reading,
    events,
    lastToken: () => messages.at(-1)?.resumeToken ?? '',
    until: async (state, times = 1) => {
      const marks = (): number => messages.filter((message) => message.state === state).length;
      await until(`the mark ${state}`, () => marks() >= times, { detail, everyMs: 5 });
    },
    untilEvents: async (count) => {
      await until(`${count} events`, () => events().length >= count, { detail, everyMs: 5 });
    },
    cut: async () => {
      stream.cancel();
      await ended;
    },
  };
}

/** `partition/seq/account/version` of each event, for comparing what was told with the log. */
export function placesOf(events: readonly AccountEvent[]): string[] {
  return events.map(({ position, accountId, version }) =>
    [position?.partition, position?.seq, accountId, version].join('/'),
  );
}
