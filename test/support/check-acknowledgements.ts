/**
 * Acknowledgements against the file: the rows in the projection store and what a client received
 * both name every accepted index exactly once, no position comes twice, the running total never
 * falls and `complete` comes once, last, with the totals of the closed submission.
 */
import type {
  Acknowledgement,
  Progress,
  StreamAcknowledgementsResponse,
} from '#proto/bank/v1/projector_service.ts';
import { countOutcome, type Payroll } from '#test/support/payroll.ts';
import { decodeIndexes, type Stores } from '#test/support/stored-rows.ts';

/** The messages of one feed in the order of arrival, over as many streams as it took. */
export type ReceivedAcks = readonly StreamAcknowledgementsResponse[];

type AckRow = { partition: number; seq: bigint; item_count: number; item_indexes: Buffer };
type ClosedRow = { accepted: bigint };

export async function checkAcknowledgements(
  { projectionStore }: Stores,
  payroll: Payroll,
  received: ReceivedAcks | undefined,
): Promise<string[]> {
  const key = ['', payroll.submissionId];
  const where = 'where tenant = $1 and submission_id = $2';
  const rows = await projectionStore.query<AckRow>(
    `select partition, seq, item_count, item_indexes from acknowledgements ${where}`,
    key,
  );
  const closed = await projectionStore.query<ClosedRow>(
    `select accepted from closed_submissions ${where}`,
    key,
  );
  const stored = rows.rows.map((row) => ({
    count: row.item_count,
    indexes: decodeIndexes(row.item_indexes),
  }));
  const accepted = BigInt(countOutcome(payroll.items, 'accepted'));
  const problems = coverProblems(payroll, stored).map((problem) => `stored: ${problem}`);
  if (closed.rows[0]?.accepted !== accepted) {
    problems.push(`closed_submissions says ${closed.rows[0]?.accepted} of ${accepted}`);
  }
  if (received !== undefined) {
    problems.push(...receivedProblems(payroll, received).map((problem) => `received: ${problem}`));
  }
  return problems.map((problem) => `acknowledgements of ${payroll.submissionId}: ${problem}`);
}

function receivedProblems(payroll: Payroll, received: ReceivedAcks): string[] {
  const acks = received.flatMap(({ acknowledgement }) => acknowledgement ?? []);
  const progress = received.flatMap((message) => message.progress ?? []);
  return [
    ...coverProblems(payroll, acks.map(asCover)),
    ...positionProblems(acks),
    ...progressProblems(payroll, progress, received.at(-1)?.progress),
  ];
}

function asCover({ itemCount, itemIndexes }: Acknowledgement): Cover {
  return { count: Number(itemCount), indexes: itemIndexes.map(Number) };
}

type Cover = { count: number; indexes: readonly number[] };

function coverProblems({ items }: Payroll, covers: readonly Cover[]): string[] {
  const seen = new Set<number>();
  const problems: string[] = [];
  for (const { count, indexes } of covers) {
    if (count !== indexes.length) problems.push(`says ${count} items, names ${indexes.length}`);
    for (const index of indexes) {
      if (seen.has(index)) problems.push(`index ${index} comes twice`);
      seen.add(index);
    }
  }
  items.forEach((item, index) => {
    if (seen.has(index) !== (item.outcome === 'accepted')) {
      problems.push(`index ${index} is ${item.outcome}, acknowledged: ${seen.has(index)}`);
    }
  });
  for (const index of seen) {
    if (items[index] === undefined) problems.push(`index ${index} was never sent`);
  }
  return problems;
}

function positionProblems(acks: readonly Acknowledgement[]): string[] {
  const last = new Map<number, bigint>();
  return acks.flatMap(({ partition, seq }) => {
    const before = last.get(partition) ?? 0n;
    last.set(partition, seq);
    return seq > before ? [] : [`position ${partition}/${seq} comes after ${before}`];
  });
}

function progressProblems(
  payroll: Payroll,
  progress: readonly Progress[],
  last: Progress | undefined,
): string[] {
  const accepted = BigInt(countOutcome(payroll.items, 'accepted'));
  const problems: string[] = [];
  const complete = progress.filter((one) => one.complete).length;
  if (complete !== 1) problems.push(`complete comes ${complete} times`);
  if (last?.complete !== true) problems.push('the last message is not complete');
  if (last?.projectedTotal !== accepted || last.acceptedTotal !== accepted) {
    const text = `${last?.projectedTotal} of ${last?.acceptedTotal}`;
    problems.push(`the end says ${text}, accepted are ${accepted}`);
  }
  progress.reduce((before, { projectedTotal }) => {
    if (projectedTotal < before)
      problems.push(`the total falls from ${before} to ${projectedTotal}`);
    return projectedTotal;
  }, 0n);
  return problems;
}
