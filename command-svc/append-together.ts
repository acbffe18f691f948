/**
 * Step 4 on the fast path, as it is sent: small appends of single commands that are ready at the
 * same time, each of its own lane, share a transaction. A head that somebody holds would keep all
 * of them waiting, so they do not wait for it long: each goes again alone. Each batch whose append
 * was sent and not answered looks for its own row in the log.
 */
import type { PoolClient } from 'pg';
import { groupCommit } from '#platform/group-commit.ts';
import { isRolledBack } from '#platform/postgres.ts';
import { backendOf, watchingBlockers } from '#platform/stopped-owner.ts';
import { appendAnswered, appendSent, type Batch, type BatchContext } from './batch.ts';
import { SHARED_APPEND_BYTES_MAX, SHARED_APPENDS_IN_FLIGHT_MAX } from './bounds.ts';
import { appendBatches, type AppendRequest } from './sql/append-batch.ts';

type SendContext = Pick<
  BatchContext,
  'eventStore' | 'watchPool' | 'stoppedOwner' | 'append' | 'log'
>;

type Append = { readonly batch: Batch; readonly request: AppendRequest };

export function appendTogether(context: SendContext): BatchContext['sendAppend'] {
  const commit = groupCommit<Append, bigint>({
    send: (together) => send(context, together),
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

async function send(context: SendContext, together: readonly Append[]): Promise<bigint[]> {
  const { eventStore, watchPool, stoppedOwner, append, log } = context;
  const requests = together.map(({ request }) => request);
  let client: PoolClient | undefined;
  let isBroken = false;
  try {
    client = await eventStore.connect();
    const connection = client;
    const backend = await backendOf(connection);
    for (const { batch, request } of together) appendSent(batch, request.known, backend);
    const positions = await watchingBlockers(watchPool, backend, stoppedOwner, log, () =>
      appendBatches(connection, requests, append.answerTimeoutMs),
    );
    for (const { batch } of together) appendAnswered(batch);
    return positions;
  } catch (error) {
    isBroken = !isRolledBack(error);
    if (!isBroken) for (const { batch } of together) appendAnswered(batch);
    log.debug('An append did not stand.', { lanes: together.length, err: error });
    throw error;
  } finally {
    client?.release(isBroken);
  }
}
