/**
 * The projection store against the expectation and the log: every balance, every entry with its
 * running balance, the submission's acknowledgements and totals, and the positions up to which all
 * partitions are applied.
 */
import type pg from 'pg';
import { FactDigest, type Digest } from './digest.ts';
import type { Expectation } from './expectation.ts';
import type { Findings } from './findings.ts';
import { readRows } from './read-rows.ts';
import type { LogFacts } from './reconcile-log.ts';

const KIND = 'projection';

type BalanceRow = {
  account_id: string;
  version: bigint;
  currency_code: string;
  balance_minor: bigint;
  held_minor: bigint;
  overdraft_limit_minor: bigint;
};

type EntryRow = {
  account_id: string;
  version: bigint;
  amount_minor: bigint;
  balance_after_minor: bigint;
  currency_code: string;
  submission_id: string | null;
  item_index: bigint | null;
};

export async function reconcileProjection(
  client: pg.ClientBase,
  submissionId: string,
  expected: Expectation,
  events: Digest,
  findings: Findings,
): Promise<void> {
  await compareBalances(client, expected, findings);
  await compareEntries(client, submissionId, expected, events, findings);
  await compareTotals(client, submissionId, expected, findings);
}

/** Records that did not come by Kafka. */
export async function comparePositions(
  client: pg.ClientBase,
  log: LogFacts,
  findings: Findings,
): Promise<void> {
  const { rows } = await client.query<{ partition: number; seq: bigint; filled_records: bigint }>(
    'select partition, seq, filled_records from projected_heads order by partition',
  );
  for (const { partition, seq, filled_records } of rows) {
    const what = `partition ${partition}`;
    findings.equal(KIND, `${what}, position`, seq, log.heads.get(partition) ?? 0n);
    if (filled_records !== 0n) {
      findings.difference(KIND, `${what}: ${filled_records} records were filled from the outbox`);
    }
  }
}

async function compareBalances(
  client: pg.ClientBase,
  { accounts }: Expectation,
  findings: Findings,
): Promise<void> {
  let count = 0;
  const text = `select account_id, version, currency_code, balance_minor, held_minor,
    overdraft_limit_minor from balances`;
  for await (const row of readRows<BalanceRow>(client, text)) {
    count++;
    const account = accounts.get(row.account_id);
    const what = `account ${row.account_id}`;
    findings.equal(KIND, `${what}, balance`, row.balance_minor, account?.balanceMinor);
    findings.equal(KIND, `${what}, version`, row.version, account?.version);
    findings.equal(KIND, `${what}, currency`, row.currency_code, account?.currencyCode);
    findings.equal(KIND, `${what}, held`, row.held_minor, 0n);
    findings.equal(KIND, `${what}, overdraft limit`, row.overdraft_limit_minor, 0n);
  }
  findings.equal(KIND, 'accounts', count, accounts.size);
}

async function compareEntries(
  client: pg.ClientBase,
  submissionId: string,
  { accounts, acceptedItems }: Expectation,
  events: Digest,
  findings: Findings,
): Promise<void> {
  const all = new FactDigest();
  const items = new FactDigest();
  let accountId = '';
  let balanceMinor = 0n;
  const text = `select account_id, version, amount_minor, balance_after_minor, currency_code,
    submission_id, item_index from entries order by account_id, version`;
  for await (const row of readRows<EntryRow>(client, text)) {
    if (row.account_id !== accountId) {
      accountId = row.account_id;
      balanceMinor = 0n;
    }
    balanceMinor += row.amount_minor;
    const what = `entry ${accountId} ${row.version}`;
    findings.equal(KIND, `${what}, balance after it`, row.balance_after_minor, balanceMinor);
    const currencyCode = accounts.get(accountId)?.currencyCode;
    findings.equal(KIND, `${what}, currency`, row.currency_code, currencyCode);
    all.add(accountId, row.version, row.amount_minor, row.balance_after_minor);
    if (row.submission_id === submissionId) {
      items.add(row.item_index ?? 'none', accountId, row.amount_minor);
    }
  }
  findings.equal(KIND, 'entries', all.value().count, events.count);
  findings.equal(KIND, 'entries, sum over their content', all.value().sum, events.sum);
  findings.equal(KIND, 'items', items.value().count, acceptedItems.count);
  findings.equal(KIND, 'items, sum over their content', items.value().sum, acceptedItems.sum);
}

async function compareTotals(
  client: pg.ClientBase,
  submissionId: string,
  { accepted, replayed, rejections, items }: Expectation,
  findings: Findings,
): Promise<void> {
  const acknowledged = await client.query<{ items: bigint }>(
    `select coalesce(sum(item_count), 0)::bigint as items from acknowledgements
     where submission_id = $1`,
    [submissionId],
  );
  findings.equal(KIND, 'acknowledged items', acknowledged.rows[0]?.items, BigInt(accepted));
  type Totals = Record<'accepted' | 'rejected' | 'replayed' | 'total_items', bigint>;
  const { rows } = await client.query<Totals>(
    `select accepted, rejected, replayed, total_items from closed_submissions
     where submission_id = $1`,
    [submissionId],
  );
  findings.equal(KIND, 'accepted at the close', rows[0]?.accepted, BigInt(accepted));
  findings.equal(KIND, 'rejected at the close', rows[0]?.rejected, BigInt(rejections.size));
  findings.equal(KIND, 'replayed at the close', rows[0]?.replayed, BigInt(replayed.size));
  findings.equal(KIND, 'items at the close', rows[0]?.total_items, BigInt(items));
}
