/**
 * Reads an account's statement to its end, whatever happens to the streams between: the opening
 * balance, the entries in order, the closing balance.
 * Promises: the last part is the closing, or an error after a bounded number of tries.
 */
import { Metadata } from '@grpc/grpc-js';
import {
  ExportStatementRequest,
  type AccountQueryServiceClient,
  type DeepPartial,
  type ExportStatementResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { resumedStream, type ResumeOptions } from './resumed-stream.ts';

export type StatementRequest = DeepPartial<Omit<ExportStatementRequest, 'resumeToken'>>;

export function followStatement(
  queries: AccountQueryServiceClient,
  request: StatementRequest,
  options: ResumeOptions = {},
): AsyncGenerator<ExportStatementResponse, void, void> {
  const whole = ExportStatementRequest.fromPartial(request);
  return resumedStream<ExportStatementResponse>({
    ...options,
    what: `the statement of ${whole.accountId}`,
    open: (resumeToken) => queries.exportStatement({ ...whole, resumeToken }, new Metadata()),
    isLast: ({ part }) => part?.$case === 'closing',
  });
}
