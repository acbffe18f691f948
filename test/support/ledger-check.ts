/**
 * The check that every end-to-end test ends with: what was sent, events, entries, balances and
 * acknowledgements agree, and the logs are what the design promises (dense positions, dense
 * versions, hash chains, one batch a position, each item index exactly once). It waits until the
 * projection has caught up, then collects everything that is wrong and throws once, with the seed.
 */
import { checkAcknowledgements, type ReceivedAcks } from '#test/support/check-acknowledgements.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { checkProjection, waitForProjection } from '#test/support/check-projection.ts';
import { checkSubmission } from '#test/support/check-submission.ts';
import type { Payroll } from '#test/support/payroll.ts';
import { readEvents, readHeads, readLogRecords, type Stores } from '#test/support/stored-rows.ts';

export type LedgerClaim = {
  stores: Stores;
  seed: number;
  /**
   * What was sent and what must have become of it; all to accounts that only these payrolls pay.
   */
  payrolls: readonly Payroll[];
  /** What was sent to their accounts by unary calls, in a file of its own. */
  alone?: Payroll;
  /** What clients received for a submission, by its id. */
  acknowledgements?: ReadonlyMap<string, ReceivedAcks>;
  /** Records filled from the outbox before the test: given where none may be filled in it. */
  filledBefore?: bigint;
};

const PROBLEMS_SHOWN = 15;

export async function checkLedger(claim: LedgerClaim): Promise<void> {
  const { stores, payrolls } = claim;
  await waitForProjection(stores);
  const accounts = payrolls.flatMap((payroll) => payroll.accounts.map((one) => one.accountId));
  const events = await readEvents(stores, accounts);
  const log = await readLogRecords(stores, accounts);
  const problems = [...(await checkHeads(stores)), ...checkEvents(events, log, payrolls)];
  for (const payroll of payrolls) {
    problems.push(...(await checkSubmission(stores, payroll, log)));
    const received = claim.acknowledgements?.get(payroll.submissionId);
    problems.push(...(await checkAcknowledgements(stores, payroll, received)));
  }
  const paid = claim.alone === undefined ? payrolls : [...payrolls, claim.alone];
  problems.push(...(await checkProjection(stores, paid, events, log)));
  if (claim.filledBefore !== undefined) {
    const filled = (await filledRecords(stores)) - claim.filledBefore;
    if (filled !== 0n) problems.push(`${filled} records were filled from the outbox`);
  }
  if (problems.length === 0) return;
  const shown = problems.slice(0, PROBLEMS_SHOWN).join('\n  ');
  throw new Error(`seed ${claim.seed}: ${problems.length} problems in the ledger:\n  ${shown}`);
}

/** How many records were taken from the outbox instead of Kafka, ever. */
export async function filledRecords({ projectionStore }: Stores): Promise<bigint> {
  const { rows } = await projectionStore.query<{ filled: bigint }>(
    'select coalesce(sum(filled_records), 0)::bigint as filled from projected_heads',
  );
  return rows[0]?.filled ?? 0n;
}

export async function checkHeads(stores: Stores): Promise<string[]> {
  const heads = await readHeads(stores);
  return heads
    .filter(({ seq, rows, newest, batches }) => rows !== seq || newest !== seq || batches !== seq)
    .map(
      ({ partition, seq, rows, newest, batches }) =>
        `partition ${partition}: head ${seq}, ${rows} rows up to ${newest}, ${batches} batches`,
    );
}
