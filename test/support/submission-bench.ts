/**
 * Two replicas of command-svc on an event store of the file's own, with accounts to deposit to, and
 * what the tests of submissions ask of them.
 */
import { randomUUID } from 'node:crypto';
import {
  AccountCommandServiceService,
  OpenAccountRequest,
} from '#proto/bank/v1/account_command_service.ts';
import {
  BulkServiceService as BULK,
  UploadOptions,
  type BulkDepositRequest,
  type DepositItem,
} from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt, ItemResult, Submission } from '#proto/bank/v1/submission.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import {
  callUnary,
  openDepositStream,
  openIntakeReplica,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';
import { until } from '#test/support/until.ts';

export const LEAVE_OPEN = UploadOptions.fromPartial({ leaveOpen: true });

export type SubmissionBench = {
  databases: Databases;
  a: IntakeReplica;
  b: IntakeReplica;
  /** An item of its own content for each index. */
  deposit: (index: number, change?: Partial<DepositItem>) => DepositItem;
  deposits: (from: number, end: number) => DepositItem[];
  count: (sql: string, ...values: unknown[]) => Promise<number>;
  claimsOf: (submissionId: string) => Promise<number>;
  claimIdOf: (submissionId: string) => Promise<string | undefined>;
  /** Resolves when another claim than that one is held. */
  whenClaimed: (submissionId: string, before: string | undefined) => Promise<void>;
  submissionOf: (submissionId: string) => Promise<Submission>;
  storedItems: (submissionId: string) => Promise<number>;
  whenStored: (submissionId: string, items: number) => Promise<void>;
  /** True while a connection of that name waits for another's lock. */
  waitsForLock: (applicationName: string) => Promise<boolean>;
  close: () => Promise<void>;
};

const ACCOUNTS = 40;

export async function openSubmissionBench(): Promise<SubmissionBench> {
  const databases = await openDatabases();
  const url = databases.eventStoreUrl('bank_command');
  const a = await openIntakeReplica(url, 'intake-a');
  const b = await openIntakeReplica(url, 'intake-b');
  const accounts = Array.from({ length: ACCOUNTS }, () => randomUUID());
  await Promise.all(accounts.map((accountId) => openAccount(a, accountId)));

  const count: SubmissionBench['count'] = async (sql, ...values) => {
    const { rows } = await databases.eventStore.query<{ n: bigint }>(sql, values);
    return Number(rows[0]?.n);
  };
  const deposit: SubmissionBench['deposit'] = (index, change = {}) => ({
    accountId: accounts[index % accounts.length] ?? '',
    amount: { currencyCode: 'EUR', minorUnits: BigInt(index + 1) },
    operationId: '',
    reference: `item ${index}`,
    valueDate: '2026-05-31',
    ...change,
  });
  const submissionOf = async (submissionId: string): Promise<Submission> => {
    const { submission } = await callUnary(b.bulk, BULK.getSubmission, { submissionId });
    if (submission === undefined) throw new Error('no submission');
    return submission;
  };
  const storedItems = async (submissionId: string): Promise<number> => {
    const { accepted, rejected, replayed } = await submissionOf(submissionId);
    return Number(accepted + rejected + replayed);
  };
  const claimIdOf: SubmissionBench['claimIdOf'] = async (id) => {
    const { rows } = await databases.eventStore.query<{ claim_id: string }>(
      'select claim_id from submission_claims where submission_id = $1',
      [id],
    );
    return rows[0]?.claim_id;
  };
  return {
    databases,
    a,
    b,
    deposit,
    deposits: (from, end) => Array.from({ length: end - from }, (_, i) => deposit(from + i)),
    count,
    claimsOf: (id) =>
      count('select count(*) as n from submission_claims where submission_id = $1', id),
    claimIdOf,
    whenClaimed: async (id, before) => {
      await until(`another claim on ${id}`, async () => {
        const claim = await claimIdOf(id);
        return claim !== undefined && claim !== before;
      });
    },
    submissionOf,
    storedItems,
    whenStored: async (id, items) => {
      const stored = (): Promise<number> => storedItems(id).catch(() => 0);
      await until(`${items} items of ${id} stored`, async () => (await stored()) === items);
    },
    waitsForLock: async (applicationName) => {
      const sql = `select count(*) as n from pg_stat_activity
                    where application_name = $1 and wait_event_type = 'Lock'`;
      return (await count(sql, applicationName)) > 0;
    },
    close: async () => {
      await Promise.all([a.close(), b.close()]);
      await databases.close();
    },
  };
}

async function openAccount(replica: IntakeReplica, accountId: string): Promise<void> {
  const request = OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR', owner: 'Ada' });
  await callUnary(replica.commands, AccountCommandServiceService.openAccount, request);
}

export async function upload(
  replica: IntakeReplica,
  submissionId: string,
  ...messages: Partial<BulkDepositRequest>[]
): Promise<BulkReceipt> {
  const stream = openDepositStream(replica, submissionId);
  for (const message of messages) await stream.send(message);
  return stream.finish();
}

export async function allResults(
  replica: IntakeReplica,
  submissionId: string,
  pageSize: number,
): Promise<ItemResult[]> {
  const all: ItemResult[] = [];
  let pageToken = '';
  do {
    const request = { submissionId, pageSize, pageToken };
    const page = await callUnary(replica.bulk, BULK.listItemResults, request);
    all.push(...page.results);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

export const key = (submissionId: string) => ({ tenant: '', submissionId });

export const closing = (submissionId: string, endItemIndex?: bigint) => ({
  submissionId,
  controlTotals: undefined,
  endItemIndex,
});
