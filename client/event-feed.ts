/**
 * Follows the event log for ever: every event once, in the order of each partition, whatever
 * happens to the streams between. Whoever keeps the resume_token of the last message that it has
 * dealt with goes on behind it after a crash. Ends by its signal, or with an error after a bounded
 * number of tries without a message.
 */
import { Metadata } from '@grpc/grpc-js';
import type {
  EventLogServiceClient,
  SubscribeToEventsRequest,
  SubscribeToEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { ENDLESS_RETRY } from './client-defaults.ts';
import { resumedStream, type ResumeOptions } from './resumed-stream.ts';

export type EventFeedRequest = ResumeOptions & {
  /** Only what is stored from now on, where there is no resumeToken. */
  readonly fromNow?: boolean;
  readonly filter?: Partial<Pick<SubscribeToEventsRequest, 'types' | 'owners' | 'partitions'>>;
};

export function followEvents(
  eventLog: EventLogServiceClient,
  { fromNow = false, filter = {}, ...options }: EventFeedRequest = {},
): AsyncGenerator<SubscribeToEventsResponse, void, void> {
  return resumedStream<SubscribeToEventsResponse>({
    retry: ENDLESS_RETRY,
    ...options,
    what: 'the event log',
    open: (resumeToken) => {
      const start: SubscribeToEventsRequest['start'] =
        fromNow && resumeToken === ''
          ? { $case: 'fromNow', value: true }
          : { $case: 'resumeToken', value: resumeToken };
      const request = { types: [], owners: [], partitions: [], ...filter, start };
      return eventLog.subscribeToEvents(request, new Metadata());
    },
    isLast: () => false,
  });
}
