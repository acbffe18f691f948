/**
 * Checks a request for acknowledgements and opens what its stream carries along: what was told so
 * far.
 */
import { status } from '@grpc/grpc-js';
import { ANYONE, realmOf, type Caller } from '#platform/caller.ts';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import type {
  StreamAcknowledgementsRequest as Request,
  StreamAcknowledgementsResponse as Response,
} from '#proto/bank/v1/projector_service.ts';
import { InvalidToken, readToken, tokenWriter } from './resume-token.ts';
import type { ReadToken, ToldPosition } from './resume-token.ts';

const SUBMISSION_ID = /^[A-Za-z0-9._-]{1,128}$/;

export type OpenedRequest = {
  tenant: string;
  submissionId: string;
  withIndexes: boolean;
  told: ToldPosition;
  disagreementReported: boolean;
  token: () => string;
  /** A message without an acknowledgement: a checkpoint, or the end. */
  progressMessage: (known: KnownTotals, complete: boolean) => Response;
};

/** What is known of a submission beside what was told of it. */
export type KnownTotals = {
  /** Accepted items in all; undefined while it is not closed. */
  readonly accepted: bigint | undefined;
  /** Accepted items that wait for dead letters. */
  readonly blocked: bigint;
};

export function openAcknowledgementRequest(
  request: Request,
  logId: string,
  partitionCount: number,
  caller: Caller = ANYONE,
): OpenedRequest {
  const { submissionId } = request;
  if (!SUBMISSION_ID.test(submissionId)) {
    throw invalidArgument([
      { field: 'submission_id', description: 'must be 1 to 128 of [A-Za-z0-9._-]' },
    ]);
  }
  const tenant = realmOf(caller);
  const told = toldBefore(request, tenant, logId, partitionCount);
  const write = tokenWriter(logId, tenant, submissionId);
  const token = (): string => write(told);
  return {
    tenant,
    submissionId,
    withIndexes: request.includeItemIndexes,
    told,
    disagreementReported: false,
    token,
    progressMessage: ({ accepted: acceptedTotal, blocked: blockedTotal }, complete) => ({
      resumeToken: token(),
      acknowledgement: undefined,
      progress: { projectedTotal: told.total, acceptedTotal, blockedTotal, complete },
    }),
  };
}

function toldBefore(
  request: Request,
  tenant: string,
  logId: string,
  partitionCount: number,
): ToldPosition {
  if (request.resumeToken === '') return { seqs: new Map(), retryNos: new Map(), total: 0n };
  const token = parse(request, tenant);
  if (token.logId !== logId) {
    throw refusal(
      status.FAILED_PRECONDITION,
      'LOG_REPLACED',
      `the token is of the log ${token.logId}, this is ${logId}: start again without a token`,
    );
  }
  const partitions = [...token.seqs.keys(), ...token.retryNos.keys()];
  if (partitions.some((partition) => partition >= partitionCount))
    throw invalidToken('it is damaged');
  return { seqs: token.seqs, retryNos: token.retryNos, total: token.total };
}

function parse(request: Request, tenant: string): ReadToken {
  try {
    return readToken(request.resumeToken, tenant, request.submissionId);
  } catch (error) {
    if (error instanceof InvalidToken) throw invalidToken(error.message);
    throw error;
  }
}

function invalidToken(why: string): Error {
  return invalidArgument([{ field: 'resume_token', description: `is not valid: ${why}` }]);
}
