/**
 * Follows a comparison of the projection with the events to its end, whatever happens to the
 * streams between: findings as they are found, progress, and the totals last.
 * Promises: the last message has the totals, or an error after a bounded number of tries.
 */
import { Metadata } from '@grpc/grpc-js';
import type {
  ProjectorServiceClient,
  ReconcileResponse,
} from '#proto/bank/v1/projector_service.ts';
import { resumedStream, type ResumeOptions } from './resumed-stream.ts';

export type ReconcileOptions = ResumeOptions & {
  /** Only these accounts; none: all. */
  readonly accountIds?: readonly string[];
};

export function followReconciliation(
  projector: ProjectorServiceClient,
  { accountIds = [], ...options }: ReconcileOptions = {},
): AsyncGenerator<ReconcileResponse, void, void> {
  return resumedStream<ReconcileResponse>({
    ...options,
    what: 'the reconciliation',
    open: (resumeToken) =>
      projector.reconcile({ accountIds: [...accountIds], resumeToken }, new Metadata()),
    isLast: ({ part }) => part?.$case === 'totals',
  });
}
