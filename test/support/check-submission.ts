/**
 * What the event store keeps of a submission against the file: each index exactly once with the
 * outcome that the file promises, sums by currency, rejections with their reasons, no claim left,
 * totals when closed.
 */
import type { Payroll, PayrollItem } from '#test/support/payroll.ts';
import {
  decodeIndexes,
  decodeItems,
  readSubmission,
  type BatchRow,
  type LogRecord,
  type RejectionRow,
  type Stores,
} from '#test/support/stored-rows.ts';

export async function checkSubmission(
  stores: Stores,
  payroll: Payroll,
  log: readonly LogRecord[],
): Promise<string[]> {
  const { submissionId, items } = payroll;
  const stored = await readSubmission(stores, submissionId);
  const problems = [
    ...indexProblems(items, stored.batches),
    ...stored.batches.flatMap(rowProblems),
    ...sumProblems(items, stored.batches),
    ...rejectionProblems(items, stored.rejections),
    ...partProblems(submissionId, stored.batches, log),
  ];
  if (stored.submission === undefined) problems.push('is not stored');
  else if (stored.submission.closed_at === null) problems.push('is not closed');
  else if (stored.submission.total_items !== BigInt(items.length)) {
    problems.push(`closed with ${stored.submission.total_items} items, sent ${items.length}`);
  }
  if (stored.claims > 0) problems.push(`${stored.claims} claims are left`);
  return problems.map((problem) => `submission ${submissionId}: ${problem}`);
}

function indexProblems(items: readonly PayrollItem[], batches: readonly BatchRow[]): string[] {
  const outcomes = new Map<number, string>();
  const problems: string[] = [];
  for (const batch of batches) {
    for (const { index, outcome } of decodeItems(batch.items)) {
      if (outcomes.has(index)) problems.push(`index ${index} is stored twice`);
      outcomes.set(index, outcome);
    }
  }
  items.forEach((item, index) => {
    const expected = storedOutcome(item);
    const outcome = outcomes.get(index) ?? 'missing';
    if (outcome !== expected) problems.push(`index ${index} is ${outcome}, not ${expected}`);
    outcomes.delete(index);
  });
  for (const index of outcomes.keys()) problems.push(`index ${index} was never sent`);
  return problems;
}

function storedOutcome({ outcome }: PayrollItem): string {
  return outcome === 'accepted' || outcome === 'replayed' ? outcome : 'rejected';
}

function rowProblems(row: BatchRow): string[] {
  const items = decodeItems(row.items);
  const count = (outcome: string) => items.filter((item) => item.outcome === outcome).length;
  const at = `row ${row.partition}/${row.seq}`;
  const problems: string[] = [];
  for (const outcome of ['accepted', 'rejected', 'replayed'] as const) {
    if (row[outcome] !== count(outcome)) problems.push(`${at}: ${outcome} is ${row[outcome]}`);
  }
  if (row.hashes.length !== items.length * 8) problems.push(`${at}: not 8 bytes of hash an item`);
  if (Number(row.first_index) !== items[0]?.index) problems.push(`${at}: first index`);
  if (Number(row.last_index) !== items.at(-1)?.index) problems.push(`${at}: last index`);
  return problems;
}

function sumProblems(items: readonly PayrollItem[], batches: readonly BatchRow[]): string[] {
  const sums = new Map<string, bigint>();
  const add = (currency: string, amount: bigint) =>
    sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  for (const item of items) {
    const { amountMinor } = item;
    const moved = amountMinor < 0n ? -amountMinor : amountMinor; // a reversal takes it back
    if (item.outcome === 'accepted') add(item.currencyCode, moved);
  }
  for (const { currency_codes, amounts_minor } of batches) {
    currency_codes.forEach((currency, n) => add(currency, -(amounts_minor[n] ?? 0n)));
  }
  return [...sums]
    .filter(([, difference]) => difference !== 0n)
    .map(([currency, difference]) => `sent and stored differ by ${difference} ${currency}`);
}

function rejectionProblems(
  items: readonly PayrollItem[],
  rejections: readonly RejectionRow[],
): string[] {
  const reasons = new Map(rejections.map((row) => [Number(row.item_index), row.reason]));
  const problems: string[] = [];
  items.forEach((item, index) => {
    const expected = storedOutcome(item) === 'rejected' ? item.outcome : 'none';
    const reason = reasons.get(index) ?? 'none';
    if (reason !== expected) problems.push(`index ${index}: rejection ${reason}, not ${expected}`);
  });
  if (reasons.size !== rejections.length) problems.push('a rejection is stored twice');
  return problems;
}

/** The log's SubmissionPart of each row names the accepted indexes that the row has. */
function partProblems(
  submissionId: string,
  batches: readonly BatchRow[],
  log: readonly LogRecord[],
): string[] {
  const parts = new Map(log.map(({ partition, seq, batch }) => [`${partition}/${seq}`, batch]));
  return batches.flatMap((row) => {
    const at = `${row.partition}/${row.seq}`;
    const batch = parts.get(at);
    if (batch === undefined) return row.accepted === 0 ? [] : [`row ${at}: not in the log`];
    const part = batch.submissions.find((one) => one.submissionId === submissionId);
    const logged = decodeIndexes(part?.acceptedIndexes ?? new Uint8Array());
    const accepted = decodeItems(row.items).filter((item) => item.outcome === 'accepted');
    const same = logged.join() === accepted.map((item) => item.index).join();
    return same && (part?.accepted ?? 0) === row.accepted ? [] : [`row ${at}: the log disagrees`];
  });
}
