/**
 * Reads the events of one account from a version up to the newest, whatever happens to the streams
 * between: next_version is what a broken one goes on from.
 */
import { Metadata } from '@grpc/grpc-js';
import type {
  AccountEvent,
  EventLogServiceClient,
  ReadAccountEventsResponse,
} from '#proto/bank/v1/event_log_service.ts';
import { resumed, type ResumeOptions } from './resumed-stream.ts';

export type AccountEventsOptions = Omit<ResumeOptions, 'resumeToken'> & {
  /** Default: 1, the first. */
  readonly fromVersion?: bigint;
};

export async function* readAccountEvents(
  eventLog: EventLogServiceClient,
  accountId: string,
  { fromVersion = 1n, ...options }: AccountEventsOptions = {},
): AsyncGenerator<AccountEvent, void, void> {
  const pages = resumed<ReadAccountEventsResponse>({
    ...options,
    what: `the events of ${accountId}`,
    resumeToken: String(fromVersion),
    tokenOf: ({ nextVersion }) => String(nextVersion),
    open: (version) =>
      eventLog.readAccountEvents({ accountId, fromVersion: BigInt(version) }, new Metadata()),
    isLast: undefined,
  });
  for await (const { events } of pages) yield* events;
}
