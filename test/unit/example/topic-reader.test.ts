/** The consumer that docs/contract.md shows: it is the one that runs here, and keeps its word. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { factsOf } from '#deploy/example/topic-consumer.ts';
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

/** A reader with what it has had stored, by position. */
function storing(applied?: ReadonlyMap<number, bigint>) {
  const reader = new TopicReader(applied);
  const stored: { seq: bigint; batch: EventBatch }[] = [];
  const take = (given: Parameters<TopicReader['take']>[0]): Promise<void> =>
    reader.take(given, async (batch, seq) => void stored.push({ seq, batch }));
  return { reader, stored, take };
}

it.each([
  ['topic-reader.ts', 'export class TopicReader'],
  ['topic-consumer.ts', 'export async function consumeTopic'],
])('is in docs/contract.md as it runs: %s', (file, start) => {
  const code = read(`deploy/example/${file}`);
  const shown = code.slice(code.indexOf(start));
  const indented = shown.replaceAll(/^(?=.)/gm, '    ');
  expect(read('docs/contract.md')).toContain(indented);
});

it('has each record stored once, in order, partition by partition', async () => {
  const { stored, take } = storing();
  for (const seq of [1, 1, 2, 1, 2, 3]) await take(record(seq));
  expect(stored.map(({ seq }) => seq)).toEqual([1n, 2n, 3n]);
  await take(record(1, 4));
  await take(record(1, 4));
  expect(stored.slice(3)).toEqual([{ seq: 1n, batch: EventBatch.decode(value) }]);
});

it('takes again what could not be stored', async () => {
  const { reader, stored, take } = storing();
  const failing = () => Promise.reject(new Error('no disk'));
  await expect(reader.take(record(1), failing)).rejects.toThrow('no disk');
  await take(record(1));
  expect(stored.map(({ seq }) => seq)).toEqual([1n]);
});

it('says that a record is missing, and goes on from where it is told', async () => {
  const { reader, stored, take } = storing(new Map([[3, 7n]]));
  await expect(take(record(9))).rejects.toThrow(MissingRecords);
  expect(reader.applied.get(3)).toBe(7n);
  await take(record(8));
  expect(stored[0]?.batch.events).toHaveLength(2);
  reader.applied.set(3, 11n);
  await take(record(11));
  expect(stored).toHaveLength(1);
});

it('does not pass over an event that it does not know', async () => {
  const { reader, take } = storing();
  const unknown = Buffer.from([0x22, 6, 0x18, 99, 0x32, 2, 0x7a, 0]);
  const given = { partition: 0, headers: { seq: '1' }, value: unknown };
  await expect(take(given)).rejects.toThrow('event type 99');
  expect(reader.applied.get(0)).toBeUndefined();
});

it('reads what each event of a batch says, and the account after it', () => {
  const facts = {
    accountId: '11111111-1111-4111-8111-111111111111',
    recordedAt: new Date(1_764_000_000_000),
    what: 'moneyDeposited',
    balanceMinor: 12_345n,
    currencyCode: 'EUR',
  };
  expect(factsOf(EventBatch.decode(value))).toEqual([
    { ...facts, version: 2n },
    { ...facts, version: 3n },
  ]);
});
