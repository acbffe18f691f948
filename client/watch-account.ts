/**
 * Follows one account for ever: the account as it is, then every change in order, whatever happens
 * to the streams between. Ends by its signal, or with an error after a bounded number of tries
 * without a message.
 */
import { Metadata } from '@grpc/grpc-js';
import type {
  AccountQueryServiceClient,
  WatchAccountRequest,
  WatchAccountResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { ENDLESS_RETRY } from './client-defaults.ts';
import { resumedStream, type ResumeOptions } from './resumed-stream.ts';

export type WatchOptions = ResumeOptions &
  Partial<Pick<WatchAccountRequest, 'conflate' | 'minVersion'>>;

export function followAccount(
  queries: AccountQueryServiceClient,
  accountId: string,
  { conflate = false, minVersion = 0n, ...options }: WatchOptions = {},
): AsyncGenerator<WatchAccountResponse, void, void> {
  return resumedStream<WatchAccountResponse>({
    retry: ENDLESS_RETRY,
    ...options,
    what: `account ${accountId}`,
    open: (resumeToken) =>
      queries.watchAccount({ accountId, resumeToken, conflate, minVersion }, new Metadata()),
    isLast: () => false,
  });
}
