/**
 * Follows a verification of the events to its end, whatever happens to the streams between:
 * findings as they are found, and progress.
 * Promises: the last message is complete, or an error after a bounded number of tries.
 */
import { Metadata } from '@grpc/grpc-js';
import type {
  EventLogServiceClient,
  VerifyEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { resumedStream, type ResumeOptions } from './resumed-stream.ts';

export type VerificationOptions = ResumeOptions & {
  /** Only these accounts; none: all. */
  readonly accountIds?: readonly string[];
};

export function followVerification(
  eventLog: EventLogServiceClient,
  { accountIds = [], ...options }: VerificationOptions = {},
): AsyncGenerator<VerifyEventsResponse, void, void> {
  return resumedStream<VerifyEventsResponse>({
    ...options,
    what: 'the verification',
    open: (resumeToken) =>
      eventLog.verifyEvents({ accountIds: [...accountIds], resumeToken }, new Metadata()),
    isLast: ({ progress }) => progress?.complete === true,
  });
}
