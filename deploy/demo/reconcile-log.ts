/**
 * The log (outbox) against itself, the events and the expectation: positions are dense up to the
 * heads, every packed event is an event of the events table, every accepted item of the file stands
 * in it once, with its account and amount.
 */
import type pg from 'pg';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { FactDigest, type Digest } from './digest.ts';
import type { Expectation } from './expectation.ts';
import type { Findings } from './findings.ts';
import { readRows } from './read-rows.ts';
import { changeOf } from './reconcile-events.ts';

const KIND = 'log';

export type LogFacts = {
  /** Of each partition that has a row. */
  readonly heads: ReadonlyMap<number, bigint>;
  readonly records: number;
};

type LogRow = { partition: number; seq: bigint; payload: Buffer };

export async function reconcileLog(
  client: pg.ClientBase,
  submissionId: string,
  expected: Expectation,
  events: Digest,
  findings: Findings,
): Promise<LogFacts> {
  const heads = new Map<number, bigint>();
  const allEvents = new FactDigest();
  const items = new FactDigest();
  let records = 0;
  const text = 'select partition, seq, payload from outbox order by partition, seq';
  for await (const { partition, seq, payload } of readRows<LogRow>(client, text)) {
    records++;
    const next = (heads.get(partition) ?? 0n) + 1n;
    findings.equal(KIND, `partition ${partition}, position`, seq, next);
    heads.set(partition, seq);
    const what = `partition ${partition} position ${seq}`;
    const batch = findings.attempt(KIND, what, () => EventBatch.decode(payload));
    if (batch === undefined) continue;
    const number = batch.submissions.findIndex((part) => part.submissionId === submissionId) + 1;
    for (const record of batch.events) {
      const accountId = uuidText(record.accountId);
      const changeMinor = record.event === undefined ? 0n : (changeOf(record.event) ?? 0n);
      allEvents.add(accountId, record.version, changeMinor, balanceAfter(record));
      const isItem = number > 0 && record.submissionNumber === number;
      if (isItem) items.add(record.itemIndex, accountId, changeMinor);
    }
  }
  compareDigest(findings, 'events', allEvents.value(), events);
  compareDigest(findings, 'items', items.value(), expected.acceptedItems);
  await compareHeads(client, heads, findings);
  return { heads, records };
}

export function compareDigest(
  findings: Findings,
  what: string,
  found: Digest,
  expected: Digest,
): void {
  findings.equal(KIND, `${what}, count`, found.count, expected.count);
  findings.equal(KIND, `${what}, sum over their content`, found.sum, expected.sum);
}

async function compareHeads(
  client: pg.ClientBase,
  heads: ReadonlyMap<number, bigint>,
  findings: Findings,
): Promise<void> {
  const { rows } = await client.query<{ partition: number; seq: bigint }>(
    'select partition, seq from partition_heads order by partition',
  );
  for (const { partition, seq } of rows) {
    findings.equal(KIND, `partition ${partition}, head`, seq, heads.get(partition) ?? 0n);
  }
}

function balanceAfter({ event }: EventRecord): bigint | string {
  return event?.after?.balanceMinor ?? 'none';
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
