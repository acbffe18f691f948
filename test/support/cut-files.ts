/**
 * A file of operations on its way to replicas of different limits: cut into messages of a stream,
 * or in one batch, by whatever call.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import type { ItemResult } from '#proto/bank/v1/submission.ts';
import type { Databases } from '#test/support/databases.ts';
import {
  isServiceError,
  openIntakeReplica,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';
import { openSubmitStream, submitBatch } from '#test/support/operations.ts';

const REPLICAS = [
  { batchItemsMax: 1, processors: 1, partialProcessors: 1, queueItemsMax: 1 },
  { batchItemsMax: 3, batchTimeoutMs: 1, queueItemsMax: 7 },
  { batchItemsMax: 1_000, batchBytesMax: 10_000 },
] as const;

export function openReplicas(databases: Databases): Promise<IntakeReplica[]> {
  const url = databases.eventStoreUrl('bank_command');
  return Promise.all(REPLICAS.map((limits, n) => openIntakeReplica(url, `cut-${n}`, { limits })));
}

/** How a file is sent, and to whom. */
export type Way = { cuts: number[]; replica: number; call: 'stream' | 'each' | 'atomic' };

export const WAY = {
  cuts: fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 6 }),
  replica: fc.nat(REPLICAS.length - 1),
  call: fc.constantFrom('stream' as const, 'each' as const, 'atomic' as const),
};

/** `refused`: the item that a batch falls by that stands or falls together; it has no results. */
export type Answer = {
  results: ItemResult[];
  refused: { index: number; reason: string } | undefined;
};

export async function sendCut(
  replicas: readonly IntakeReplica[],
  way: Way,
  operations: Operation[],
): Promise<Answer> {
  const replica = replicas[way.replica];
  if (replica === undefined) throw new Error('no such replica');
  const submissionId = randomUUID();
  if (way.call !== 'stream') {
    const { BATCH_MODE_ATOMIC: atomic, BATCH_MODE_PER_ITEM: each } = BatchMode;
    const mode = way.call === 'atomic' ? atomic : each;
    return answerOf(() => submitBatch(replica, submissionId, operations, mode));
  }
  const stream = openSubmitStream(replica, submissionId);
  for (let first = 0, n = 0; first < operations.length; n++) {
    const size = way.cuts[n % way.cuts.length] ?? 1;
    await stream.send({ operations: operations.slice(first, first + size) });
    first += size;
  }
  stream.halfClose();
  await stream.ended;
  return answered(stream.results);
}

/** A batch that stands or falls together does not wait for room: it is sent again. */
async function answerOf(call: () => Promise<{ results: ItemResult[] }>): Promise<Answer> {
  for (let n = 0; n < 1_000; n++) {
    try {
      return answered((await call()).results);
    } catch (error) {
      if (!isServiceError(error)) throw error;
      const { reason = '', metadata = {} } = decodeStatusDetails(error.metadata) ?? {};
      const index = metadata['item_index'];
      if (index !== undefined) return { results: [], refused: { index: Number(index), reason } };
      if (reason !== 'QUEUE_FULL') throw error;
    }
  }
  throw new Error('the queue stays full');
}

function answered(results: readonly ItemResult[]): Answer {
  const byIndex = results.toSorted((a, b) => Number(a.itemIndex - b.itemIndex));
  return { results: byIndex, refused: undefined };
}
