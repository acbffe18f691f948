/**
 * What the event store has of the submission against the expectation: the outcome of every item,
 * the sums that each batch states, and every refused item with its reason, field and the texts of
 * the file.
 */
import type pg from 'pg';
import type { Expectation } from './expectation.ts';
import type { Findings } from './findings.ts';
import { readRows } from './read-rows.ts';

const KIND = 'submission';
const OUTCOMES = ['accepted', 'rejected', 'replayed'] as const;
const TEXT_CHARACTERS = 64;

type BatchRow = {
  accepted: number;
  rejected: number;
  replayed: number;
  currency_codes: string[];
  amounts_minor: bigint[];
  items: Buffer;
};

type RejectionRow = {
  item_index: bigint;
  account_id: string;
  operation_id: string;
  reason: string;
  field: string;
};

export async function reconcileSubmission(
  client: pg.ClientBase,
  submissionId: string,
  expected: Expectation,
  findings: Findings,
): Promise<void> {
  await compareBatches(client, submissionId, expected, findings);
  await compareRejections(client, submissionId, expected, findings);
  const { rows } = await client.query<{ total_items: bigint | null; closed: boolean }>(
    'select total_items, closed_at is not null as closed from submissions where submission_id = $1',
    [submissionId],
  );
  findings.equal(KIND, 'closed', String(rows[0]?.closed), 'true');
  findings.equal(KIND, 'total', rows[0]?.total_items ?? undefined, BigInt(expected.items));
}

async function compareBatches(
  client: pg.ClientBase,
  submissionId: string,
  expected: Expectation,
  findings: Findings,
): Promise<void> {
  const counts = { accepted: 0, rejected: 0, replayed: 0 };
  const stated = { accepted: 0, rejected: 0, replayed: 0 };
  const amounts = new Map<string, bigint>();
  const seen = new Uint8Array(expected.items);
  const text = `select accepted, rejected, replayed, currency_codes, amounts_minor, items
    from submission_batches where submission_id = $1`;
  for await (const row of readRows<BatchRow>(client, text, [submissionId])) {
    for (const outcome of OUTCOMES) stated[outcome] += row[outcome];
    row.currency_codes.forEach((code, at) => {
      amounts.set(code, (amounts.get(code) ?? 0n) + (row.amounts_minor[at] ?? 0n));
    });
    for (const [index, bits] of storedItems(row.items)) {
      const outcome = OUTCOMES[bits];
      if (outcome !== undefined) counts[outcome]++;
      findings.equal(KIND, `item ${index}`, outcome, expectedOutcome(expected, index));
      if (index < seen.length) seen[index] = (seen[index] ?? 0) + 1;
    }
  }
  const isOnce = seen.every((times) => times === 1);
  findings.equal(KIND, 'every item is stored once', String(isOnce), 'true');
  const { accepted, replayed, rejections } = expected;
  const wanted = { accepted, rejected: rejections.size, replayed: replayed.size };
  for (const outcome of OUTCOMES) {
    findings.equal(KIND, `${outcome} items`, counts[outcome], wanted[outcome]);
    findings.equal(KIND, `${outcome} as batches state`, stated[outcome], wanted[outcome]);
  }
  for (const code of new Set([...amounts.keys(), ...expected.acceptedAmounts.keys()])) {
    const [found, amount] = [amounts.get(code) ?? 0n, expected.acceptedAmounts.get(code) ?? 0n];
    findings.equal(KIND, `accepted ${code}`, found, amount);
  }
}

async function compareRejections(
  client: pg.ClientBase,
  submissionId: string,
  { rejections }: Expectation,
  findings: Findings,
): Promise<void> {
  let count = 0;
  const text = `select item_index, account_id, operation_id, reason, field
    from rejections where submission_id = $1`;
  for await (const row of readRows<RejectionRow>(client, text, [submissionId])) {
    count++;
    const what = `rejection of item ${row.item_index}`;
    const expected = rejections.get(Number(row.item_index));
    findings.equal(KIND, what, row.reason, expected?.reason);
    findings.equal(KIND, `${what}, account`, row.account_id, shown(expected?.accountText));
    findings.equal(KIND, `${what}, operation`, row.operation_id, shown(expected?.operationText));
    if (expected?.fields.includes(row.field) === false) {
      findings.difference(KIND, `${what} names the field "${row.field}"`);
    }
  }
  findings.equal(KIND, 'rejections', count, rejections.size);
}

function expectedOutcome(expected: Expectation, index: number): string | undefined {
  if (index >= expected.items) return undefined;
  if (expected.rejections.has(index)) return 'rejected';
  return expected.replayed.has(index) ? 'replayed' : 'accepted';
}

function shown(text: string | undefined): string | undefined {
  return text?.slice(0, TEXT_CHARACTERS).replaceAll('\0', ' ').toWellFormed();
}

/** Varints, ascending by index: (distance to the index before << 2) | outcome. */
function* storedItems(bytes: Uint8Array): Generator<[index: number, outcome: number], void, void> {
  let index = 0;
  let value = 0;
  let unit = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * unit;
    unit *= 128;
    if (byte > 0x7f) continue;
    index += Math.floor(value / 4);
    yield [index, value % 4];
    value = 0;
    unit = 1;
  }
}
