/**
 * What both stores hold, by plain SQL: counts and sums of events, entries and balances, and of one
 * submission. Taken before and after a run; the run stands only when the difference is exactly what
 * was sent. Waits first until the projection is where the log is.
 */
import { sleep } from '#platform/waiting.ts';
import type { Stores } from './bank.ts';
import { CheckFailedError, requireEqual } from './check-failed.ts';

const CATCH_UP_MS = 300_000;
const CATCH_UP_POLL_MS = 20;

export type LedgerFacts = {
  readonly events: bigint;
  readonly entries: bigint;
  readonly entriesMinor: bigint;
  readonly accounts: bigint;
  /** Sum of the accounts' versions: as many as there are events. */
  readonly versions: bigint;
  readonly balancesMinor: bigint;
};

/** What a run has sent. */
export type Sent = { readonly items: number; readonly amountMinor: bigint };

export async function readLedger(stores: Stores): Promise<LedgerFacts> {
  await untilCaughtUp(stores);
  const [events, entries, balances] = await Promise.all([
    numbers(stores.eventStore, 'select count(*)::bigint from events'),
    numbers(
      stores.projectionStore,
      'select count(*)::bigint, coalesce(sum(amount_minor), 0)::bigint from entries',
    ),
    numbers(
      stores.projectionStore,
      `select count(*)::bigint, coalesce(sum(version), 0)::bigint,
              coalesce(sum(balance_minor), 0)::bigint from balances`,
    ),
  ]);
  const [entryCount = 0n, entriesMinor = 0n] = entries;
  const [accounts = 0n, versions = 0n, balancesMinor = 0n] = balances;
  return {
    events: events[0] ?? 0n,
    entries: entryCount,
    entriesMinor,
    accounts,
    versions,
    balancesMinor,
  };
}

/** Throws a CheckFailedError unless both stores have changed by exactly what was sent. */
export function checkChange(before: LedgerFacts, after: LedgerFacts, sent: Sent): void {
  const items = BigInt(sent.items);
  requireEqual('events stored', after.events - before.events, items);
  requireEqual('entries', after.entries - before.entries, items);
  requireEqual('sum of versions', after.versions - before.versions, items);
  requireEqual('sum of entries', after.entriesMinor - before.entriesMinor, sent.amountMinor);
  requireEqual('sum of balances', after.balancesMinor - before.balancesMinor, sent.amountMinor);
  requireEqual('events against entries', after.events, after.entries);
}

/** The submission in both stores: closed, all accepted, its sums, all acknowledged, all entered. */
export async function checkSubmission(
  { eventStore, projectionStore }: Stores,
  submissionId: string,
  sent: Sent,
): Promise<void> {
  const items = BigInt(sent.items);
  const [accepted, others, amount] = await numbers(
    eventStore,
    `select coalesce(sum(accepted), 0)::bigint, coalesce(sum(rejected + replayed), 0)::bigint,
            coalesce(sum((select sum(m) from unnest(amounts_minor) m)), 0)::bigint
       from submission_batches where tenant = '' and submission_id = $1`,
    submissionId,
  );
  const [total] = await numbers(
    eventStore,
    `select total_items from submissions
      where tenant = '' and submission_id = $1 and closed_at is not null`,
    submissionId,
  );
  const [acknowledged] = await numbers(
    projectionStore,
    `select coalesce(sum(item_count), 0)::bigint from acknowledgements
      where tenant = '' and submission_id = $1`,
    submissionId,
  );
  const [entries, indexes, entered] = await numbers(
    projectionStore,
    `select count(*)::bigint, count(distinct item_index)::bigint,
            coalesce(sum(amount_minor), 0)::bigint from entries where submission_id = $1`,
    submissionId,
  );
  const facts = { accepted, total, acknowledged, entries, indexes };
  for (const [what, found] of Object.entries(facts)) requireEqual(what, found, items);
  requireEqual('refused or replayed', others, 0n);
  requireEqual('amount stored', amount, sent.amountMinor);
  requireEqual('amount entered', entered, sent.amountMinor);
}

/** Resolves when the projection has applied every position of the log. */
export async function untilCaughtUp({ eventStore, projectionStore }: Stores): Promise<void> {
  const endsAt = performance.now() + CATCH_UP_MS;
  for (;;) {
    const log = await numbers(eventStore, 'select sum(seq)::bigint from partition_heads');
    const applied = await numbers(projectionStore, 'select sum(seq)::bigint from projected_heads');
    if (log[0] === applied[0]) return;
    if (performance.now() > endsAt) throw new CheckFailedError('the projection does not catch up');
    await sleep(CATCH_UP_POLL_MS);
  }
}

/** The columns of the one row, which are all bigint. */
async function numbers(
  pool: Stores['eventStore'],
  text: string,
  ...values: string[]
): Promise<bigint[]> {
  const { rows } = await pool.query<bigint[]>({ text, values, rowMode: 'array' });
  return rows[0] ?? [];
}
