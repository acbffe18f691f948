/**
 * Each record of the log names the batch before it in its partition. One that names another batch
 * than stands before it here is of another history: the event store has become an older copy and
 * has gone on from there, past the projection's position. By positions alone it would follow.
 */
import { nameOf } from './record-outline.ts';
import type { LogRecord } from './record-outline.ts';

export class OtherHistory extends Error {
  override readonly name = 'OtherHistory';
}

/** Throws OtherHistory for the first that does not follow; what names no batch follows. */
export function checkChain(
  head: { readonly batchId: string | undefined },
  records: readonly LogRecord[],
): void {
  let { batchId } = head;
  for (const record of records) {
    const { previousBatchId, source } = record;
    const isOther =
      previousBatchId !== undefined && batchId !== undefined && previousBatchId !== batchId;
    if (isOther) {
      const from = source === 'kafka' ? 'Kafka' : 'the event store';
      throw new OtherHistory(
        `${nameOf(record)} in ${from} follows on batch ${previousBatchId}, ` +
          `the projection applied ${batchId}`,
      );
    }
    batchId = record.batchId;
  }
}
