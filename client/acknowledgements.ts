/**
 * Follows a submission on the read side: every acknowledgement once, in the order of the stream,
 * until it is complete, whatever happens to the streams between.
 * Promises: the last message has progress.complete, or an error after a bounded number of tries.
 */
import { Metadata } from '@grpc/grpc-js';
import type {
  ProjectorServiceClient,
  StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
import { resumedStream, type ResumeOptions } from './resumed-stream.ts';

export { IncompleteFeedError } from './resumed-stream.ts';

export type FollowRequest = ResumeOptions & {
  readonly submissionId: string;
  readonly includeItemIndexes?: boolean;
};

export function followAcknowledgements(
  projector: ProjectorServiceClient,
  request: FollowRequest,
): AsyncGenerator<StreamAcknowledgementsResponse, void, void> {
  const { submissionId, includeItemIndexes = false } = request;
  return resumedStream<StreamAcknowledgementsResponse>({
    ...request,
    what: `acknowledgements of ${submissionId}`,
    open: (resumeToken) =>
      projector.streamAcknowledgements(
        { submissionId, resumeToken, includeItemIndexes },
        new Metadata(),
      ),
    isLast: ({ progress }) => progress?.complete === true,
  });
}
