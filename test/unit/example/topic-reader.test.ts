/** The consumer that docs/contract.md shows: it is the one that runs here, and keeps its word. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MissingRecords, TopicReader } from '#deploy/example/topic-reader.ts';
import { storedFixtures } from '#test/support/planted-log.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const value = Buffer.from(storedFixtures('event-batches-v1.json')[0]?.hex ?? '', 'hex');
const record = (seq: number, partition = 3) => ({
  partition,
  headers: { seq: String(seq) },
  value,
});

it('is in docs/contract.md as it runs', () => {
  const code = read('deploy/example/topic-reader.ts');
  const shown = code.slice(code.indexOf('export class TopicReader'));
  const indented = shown.replaceAll(/^(?=.)/gm, '    ');
  expect(read('docs/contract.md')).toContain(indented);
});

it('takes each record once, in order, partition by partition', () => {
  const reader = new TopicReader();
  const seqs = [1, 1, 2, 1, 2, 3];
  const taken = seqs.filter((seq) => reader.take(record(seq)) !== undefined);
  expect(taken).toEqual([1, 2, 3]);
  expect(reader.take(record(1, 4))).toEqual(EventBatch.decode(value));
  expect(reader.take(record(1, 4))).toBeUndefined();
});

it('says that a record is missing, and goes on from where it is told', () => {
  const reader = new TopicReader(new Map([[3, 7n]]));
  expect(() => reader.take(record(9))).toThrow(MissingRecords);
  expect(reader.applied.get(3)).toBe(7n);
  expect(reader.take(record(8))?.events).toHaveLength(2);
  reader.applied.set(3, 11n);
  expect(reader.take(record(11))).toBeUndefined();
});

it('does not pass over an event that it does not know', () => {
  const reader = new TopicReader();
  const unknown = Buffer.from([0x22, 6, 0x18, 99, 0x32, 2, 0x7a, 0]);
  const given = { partition: 0, headers: { seq: '1' }, value: unknown };
  expect(() => reader.take(given)).toThrow('event type 99');
  expect(reader.applied.get(0)).toBeUndefined();
});
