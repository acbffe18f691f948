/**
 * Reconcile: compares the projection with the events, per currency, per account, version by
 * version, without locking anybody, and tells findings as they are found, how far it is, and the
 * totals last. A stream that is rotated, or cut, goes on with its token.
 */
import { status } from '@grpc/grpc-js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { createServerStreams } from '#platform/server-streams.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import type {
  ReconcileRequest as Request,
  ReconcileResponse as Response,
} from '#proto/bank/v1/projector_service.ts';
import { RECONCILE } from './bounds.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';
import { createBehindCheck } from './reconcile-behind.ts';
import type { ReconcileStores } from './reconcile-page.ts';
import { openReconcileStory } from './reconcile-story.ts';
import type { ReconcileStory } from './reconcile-story.ts';
import { InvalidToken, readReconcileToken, reconcileTokens } from './reconcile-token.ts';
import type { ReconcileState } from './reconcile-token.ts';
import { isPassing, walkScope } from './reconcile-walk.ts';
import type { Scope } from './reconcile-walk.ts';
import { sendMessage } from './send-message.ts';
import type { Ledger } from './sql/read-ledger.ts';
import { countAccounts } from './sql/read-projection-page.ts';

export type ReconcileContext = ReconcileStores & {
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly stopping: AbortSignal;
};

type Call = ServerWritableStream<Request, Response>;
type Opened = {
  readonly accountIds: readonly string[];
  readonly subject: string;
  readonly resumed: ReconcileState | undefined;
};

const LIMITS = {
  streamsMax: RECONCILE.streamsMax,
  ageMaxMs: ACKNOWLEDGEMENTS.streamAgeMaxMs,
  retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
  goOnWith: 'resume_token',
};
const EVERYBODY: Scope = {
  first: '00000000-0000-0000-0000-000000000000',
  last: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
};

export function reconcile(ctx: ReconcileContext): (call: Call) => void {
  const streams = createServerStreams(LIMITS, ctx);
  return (call) =>
    streams.serve(
      call,
      (request) => openRequest(request, ctx.ledger.logId),
      async (opened, signal) => {
        const send = (message: Response): Promise<void> => sendMessage(call, message, signal);
        try {
          await compareAll(ctx, opened, send, signal);
        } catch (error) {
          signal.throwIfAborted();
          throw isPassing(error) ? unavailable(error) : error;
        }
      },
    );
}

async function compareAll(
  ctx: ReconcileContext,
  { accountIds, subject, resumed }: Opened,
  send: (message: Response) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const isAll = accountIds.length === 0;
  const accountsTotal =
    resumed?.accountsTotal ??
    (isAll ? await countAccounts(ctx.reading) : BigInt(accountIds.length));
  const token = reconcileTokens(ctx.ledger.logId, subject);
  const story: ReconcileStory = openReconcileStory(accountsTotal, resumed, token, send);
  const checkBehind = createBehindCheck(ctx, ctx.ledger.partitionCount);
  const scopes = isAll ? [EVERYBODY] : accountIds.map((id) => ({ first: id, last: id }));
  for (const scope of scopes) {
    await walkScope({ stores: ctx, checkBehind, signal, ...story }, scope);
  }
  const found = await story.end();
  ctx.log.info('The projection was compared with the events.', found);
}

function openRequest(request: Request, logId: string): Opened {
  const { resumeToken } = request;
  const accountIds = accountIdsField(request.accountIds);
  const subject = `reconcile\0${accountIds.join(',')}`;
  if (resumeToken === '') return { accountIds, subject, resumed: undefined };
  try {
    const resumed = readReconcileToken(resumeToken, logId, subject);
    if (resumed !== 'another log') return { accountIds, subject, resumed };
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    const description = `is not valid: ${error.message}`;
    throw invalidArgument([{ field: 'resume_token', description }]);
  }
  throw refusal(
    status.FAILED_PRECONDITION,
    'LOG_REPLACED',
    `the token is of another log than ${logId}: start again without a token`,
  );
}

/** In their order, each once. */
function accountIdsField(given: readonly string[]): string[] {
  const max = RECONCILE.accountIdsMax;
  const field = 'account_ids';
  if (given.length > max) {
    throw invalidArgument([{ field, description: `must be at most ${max}` }]);
  }
  const ids = given.map((text, at) => {
    const id = canonicalUuid(text);
    if (id !== undefined) return id;
    const description = 'must be a UUID in text form';
    throw invalidArgument([{ field: `${field}[${at}]`, description }]);
  });
  return [...new Set(ids)].sort();
}

function unavailable(cause: unknown): Error {
  return refusal(
    status.UNAVAILABLE,
    'PROJECTION_UNAVAILABLE',
    'one of the databases does not answer',
    { retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs, cause },
  );
}
