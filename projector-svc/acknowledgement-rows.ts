/**
 * What one transaction tells the watchers of submissions: a row for each submission and record with
 * accepted items, and the totals of a submission that was closed, as the bytes of two COPYs.
 */
import { CopyWriter } from '#platform/copy-binary.ts';
import type { Position } from '#proto/bank/event/v1/event_batch.ts';
import { TYPE, binaryArray } from './binary-array.ts';
import type { LogRecord, RecordOutline } from './record-outline.ts';

export const COPY_ACKNOWLEDGEMENTS = `
  copy acknowledgements (tenant, submission_id, partition, seq, item_count, item_indexes,
    other_partitions, other_seqs, traceparent, stored_at, projected_at)
  from stdin (format binary)`;
export const COPY_CLOSED_SUBMISSIONS = `
  copy closed_submissions (tenant, submission_id, accepted, rejected, replayed, total_items,
    last_partitions, last_seqs)
  from stdin (format binary)`;

export type OutlinedRecord = { record: LogRecord; outline: RecordOutline };

export function acknowledgementRows(
  records: readonly OutlinedRecord[],
  projectedAtMicros: bigint,
): Buffer | undefined {
  let copy: CopyWriter | undefined;
  for (const { record, outline } of records) {
    for (const part of outline.submissions) {
      if (part.accepted === 0) continue;
      copy ??= new CopyWriter();
      copy.row(11);
      copy.text(part.tenant);
      copy.text(part.submissionId);
      copy.int32(record.partition);
      copy.int64(record.seq);
      copy.int32(part.accepted);
      copy.bytes(part.acceptedIndexes);
      addPositions(copy, outline.others);
      if (record.traceparent === undefined) copy.null();
      else copy.text(record.traceparent);
      copy.timestamp(outline.storedAtMicros);
      copy.timestamp(projectedAtMicros);
    }
  }
  return copy?.finish();
}

export function closedRows(records: readonly OutlinedRecord[]): Buffer | undefined {
  let copy: CopyWriter | undefined;
  for (const { outline } of records) {
    const { closed } = outline;
    if (closed === undefined) continue;
    copy ??= new CopyWriter();
    copy.row(8);
    copy.text(closed.tenant);
    copy.text(closed.submissionId);
    copy.int64(closed.accepted);
    copy.int64(closed.rejected);
    copy.int64(closed.replayed);
    copy.int64(closed.totalItems);
    addPositions(copy, closed.lastPositions);
  }
  return copy?.finish();
}

function addPositions(copy: CopyWriter, positions: readonly Position[]): void {
  copy.bytes(
    binaryArray(TYPE.int4, 4, positions, (view, at, { partition }) => view.setInt32(at, partition)),
  );
  copy.bytes(
    binaryArray(TYPE.int8, 8, positions, (view, at, { seq }) => view.setBigInt64(at, seq)),
  );
}
