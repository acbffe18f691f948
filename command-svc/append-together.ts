/**
 * Step 4 on the fast path, as it is sent: small appends of single commands that are ready at the
 * same time, each of its own lane, share a transaction. A head that somebody holds would keep all
 * of them waiting, so they do not wait for it long: each goes again alone. Each batch whose append
 * was sent and not answered looks for its own row in the log.
 */
import { groupCommit } from '#platform/group-commit.ts';
import type { LogData } from '#platform/logger.ts';
import { onceAWhile } from '#platform/once-a-while.ts';
import { isConnectionLost, isRolledBack } from '#platform/postgres.ts';
import { sendWatched } from '#platform/stopped-owner.ts';
import { appendAnswered, appendSent, type Batch, type BatchContext } from './batch.ts';
import { SHARED_APPEND_BYTES_MAX, SHARED_APPENDS_IN_FLIGHT_MAX } from './bounds.ts';
import { appendBatches, type AppendRequest } from './sql/append-batch.ts';

type SendContext = Pick<
  BatchContext,
  'eventStore' | 'watchPool' | 'stoppedOwner' | 'append' | 'log'
>;

type Say = (data: LogData) => void;

type Append = { readonly batch: Batch; readonly request: AppendRequest };

export function appendTogether(context: SendContext): BatchContext['sendAppend'] {
  const sayUnexpected = onceAWhile((data: LogData) => {
    context.log.warn('An append failed as none should; it goes on under the head.', data);
  });
  const commit = groupCommit<Append, bigint>({
    send: (together) => send(context, together, sayUnexpected),
    bytesOf,
    sharedBytesMax: SHARED_APPEND_BYTES_MAX,
    orderOf: ({ request }) => request.partition,
    inFlightMax: SHARED_APPENDS_IN_FLIGHT_MAX,
  });
  return (batch, request) => commit({ batch, request });
}

/**
 * Items of submissions go alone: their claims are locked after the head, and one lane's claims
 * before another lane's head could close a ring with whoever closes the submission.
 */
function bytesOf({ request }: Append): number {
  if (request.claims.length > 0) return Number.POSITIVE_INFINITY;
  return request.payload.length + (request.events?.length ?? 0);
}

/**
 * Neither said by the server nor the connection's end: nobody knows whether it stands, nor why it
 * failed.
 */
export function isUnexpected(error: unknown): boolean {
  return !isRolledBack(error) && !isConnectionLost(error);
}

async function send(
  context: SendContext,
  together: readonly Append[],
  sayUnexpected: Say,
): Promise<bigint[]> {
  const { eventStore, append, log } = context;
  const requests = together.map(({ request }) => request);
  try {
    const positions = await sendWatched(eventStore, context, (client, backend) => {
      for (const { batch, request } of together) appendSent(batch, request.known, backend);
      return appendBatches(client, requests, append.answerTimeoutMs);
    });
    for (const { batch } of together) appendAnswered(batch);
    return positions;
  } catch (error) {
    if (isRolledBack(error)) for (const { batch } of together) appendAnswered(batch);
    const data = { lanes: together.length, err: error };
    if (isUnexpected(error)) sayUnexpected(data);
    else log.debug('An append did not stand.', data);
    throw error;
  }
}
