/** What a lane takes from its queue: by position, whole records, as many as fit. */
import { expect, test } from 'vitest';
import {
  addRecords,
  dropApplied,
  dropFirst,
  dropQueue,
  newLane,
  takeDense,
} from '../../../projector-svc/partition-lane.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';

const record = (seq: number, eventCount = 1): LogRecord => ({
  partition: 2,
  seq: BigInt(seq),
  batchId: '',
  traceparent: undefined,
  receivedAtMs: 0,
  payload: Buffer.alloc(10),
  source: 'kafka',
  offset: BigInt(seq + 100),
  eventCount,
});
const seqs = (records: readonly LogRecord[]): number[] => records.map(({ seq }) => Number(seq));

test.each([
  ['what follows without a hole', [5, 6, 7], 4, 500, [5, 6, 7]],
  ['up to a hole', [5, 6, 8], 4, 500, [5, 6]],
  ['nothing behind a hole', [6], 4, 500, []],
  ['up to a repeat', [5, 6, 6, 7], 4, 500, [5, 6]],
])('takes %s', (_, queue, seq, eventsMax, taken) => {
  const records = queue.map((one) => record(one));
  expect(seqs(takeDense(records, BigInt(seq), eventsMax))).toEqual(taken);
});

test('never cuts a record, and takes at least one', () => {
  const records = [record(1, 300), record(2, 200), record(3, 1)];
  expect(seqs(takeDense(records, 0n, 500))).toEqual([1, 2]);
  expect(seqs(takeDense(records, 0n, 100))).toEqual([1]);
});

test('drops what is applied, and knows the offset behind it', () => {
  const lane = newLane(2);
  addRecords(lane, [record(4), record(5), record(6), record(5)], 1);
  dropApplied(lane, { seq: 5n }, 2);
  expect(seqs(lane.queue)).toEqual([6, 5]);
  expect(lane).toMatchObject({ nextOffset: 106n, queuedBytes: 20, queuedEvents: 2, queuedAtMs: 2 });
  dropApplied(lane, { seq: 6n }, 3);
  expect(lane).toMatchObject({ queue: [], nextOffset: 106n, queuedBytes: 0, queuedEvents: 0 });
});

test('leaves what does not say which record it is to the step that keeps it', () => {
  const lane = newLane(2);
  const unplaced = record(0);
  addRecords(lane, [record(4), unplaced, record(5)], 1);
  dropApplied(lane, { seq: 9n }, 2);
  expect(lane.queue[0]).toBe(unplaced);
  expect(takeDense(lane.queue, 4n, 500)).toEqual([]);
  dropFirst(lane, record(0)); // not this one: the queue has been filled anew
  expect(lane.queue).toHaveLength(2);
  dropFirst(lane, unplaced);
  expect(seqs(lane.queue)).toEqual([5]);
  expect(lane).toMatchObject({ nextOffset: 101n, queuedBytes: 10, queuedEvents: 1 });
});

test('knows the newest offset that came, also after its queue was dropped', () => {
  const lane = newLane(2);
  addRecords(lane, [record(1), record(2)], 1);
  dropQueue(lane);
  expect(lane).toMatchObject({ queue: [], kafkaOffset: 102n, nextOffset: undefined });
});
