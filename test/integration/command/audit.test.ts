/**
 * The audit of commands and submissions: who did what, in the transaction that did it, a row for
 * each batch and caller, and how it is read.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { auditLine } from '#deploy/ops/audit-command.ts';
import { readAudit, type AuditedRow, type AuditQuestion } from '#deploy/ops/read-audit.ts';
import { NO_AUTH } from '#platform/auth-settings.ts';
import {
  AccountCommandServiceService as COMMANDS,
  DepositRequest,
  OpenAccountRequest,
} from '#proto/bank/v1/account_command_service.ts';
import {
  BulkServiceService as BULK,
  ReverseSubmissionRequest,
} from '#proto/bank/v1/bulk_service.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { callUnary, openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import { upload } from '#test/support/submission-bench.ts';
import { openTokenIssuer, type TokenIssuer } from '#test/support/token-issuer.ts';
import { COMMAND_SCOPES } from '../../../command-svc/call-scopes.ts';

const DEPOSITS = 40;

let databases: Databases;
let owner: pg.Client;
let issuer: TokenIssuer;
/** Every call is Ada's. */
let replica: IntakeReplica;
let since: Date;
const account = randomUUID();

beforeAll(async () => {
  databases = await openDatabases();
  owner = new pg.Client(databases.eventStoreUrl('postgres'));
  await owner.connect();
  const url = databases.eventStoreUrl('bank_command');
  issuer = await openTokenIssuer();
  const access = { auth: { ...NO_AUTH, tokens: issuer.settings }, scopes: COMMAND_SCOPES };
  const token = await issuer.token({
    sub: 'ada',
    tenant: 'north',
    scope: 'accounts.write bulk.write',
  });
  replica = await openIntakeReplica(url, 'audited', { access, token });
  const request = OpenAccountRequest.fromPartial({ accountId: account, currencyCode: 'EUR' });
  await callUnary(replica.commands, COMMANDS.openAccount, request);
});

afterAll(async () => {
  await replica.close();
  await issuer.stop();
  await owner.end();
  await databases.close();
});

beforeEach(async () => {
  const { rows } = await owner.query<{ now: Date }>('select clock_timestamp() as now');
  since = new Date(rows[0]?.now ?? 0);
});

function deposit(minorUnits: bigint, operationId = ''): Promise<unknown> {
  const amount = { currencyCode: 'EUR', minorUnits };
  const request = DepositRequest.fromPartial({ accountId: account, amount, operationId });
  return callUnary(replica.commands, COMMANDS.deposit, request);
}

async function audited(question: Partial<AuditQuestion> = {}): Promise<AuditedRow[]> {
  const until = new Date(Date.now() + 60_000);
  return readAudit(owner, { since, until, limit: 1_000, ...question }, 'event store');
}

it('tells a command with its caller, account, operation and place in the log', async () => {
  const operationId = randomUUID();
  await deposit(5n, operationId);
  await deposit(5n, operationId); // replayed: nothing was done
  await expect(deposit(-5n)).rejects.toThrow('INVALID_ARGUMENT'); // nor here
  const [row, ...others] = await audited();
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    tenant: 'north',
    subject: 'ada',
    actions: ['Deposit'],
    accounts: [account],
    operations: [operationId],
    accepted: 1,
    result: 'OK',
  });
  expect(row?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  const { rows } = await owner.query<{ place: string }>(
    `select partition || '/' || seq as place from outbox where $1 = any(account_ids)
      order by seq desc limit 1`,
    [account],
  );
  expect(row?.position).toBe(rows[0]?.place);
  expect(auditLine(row ?? expect.fail())).toContain(
    `north/ada  ${row?.peer}  OK  Deposit ${account} operation ${operationId}  at `,
  );
});

it('does nothing that it cannot tell: both are one transaction', async () => {
  const version = 'select max(version) as version from events where account_id = $1';
  const before = (await owner.query(version, [account])).rows;
  await owner.query('revoke insert on audit from bank_command');
  try {
    await expect(deposit(7n)).rejects.toThrow('INTERNAL');
    expect((await owner.query(version, [account])).rows).toEqual(before);
  } finally {
    await owner.query('grant insert on audit to bank_command');
  }
  await deposit(7n);
  expect(await audited()).toHaveLength(1);
});

it('tells a submission from its opening to its end, a row a batch, and its reversal', async () => {
  const item = { accountId: account, amount: { currencyCode: 'EUR', minorUnits: 1n } };
  const refused = { accountId: randomUUID(), amount: { currencyCode: 'EUR', minorUnits: 1n } };
  const full = { operationId: '', reference: '', valueDate: '' };
  const deposits = Array.from({ length: DEPOSITS }, () => ({ ...item, ...full }));
  await upload(replica, 'payroll', { deposits: [...deposits, { ...refused, ...full }] });
  const rows = await audited({ submission: 'payroll', subject: 'ada' });
  const stored = rows.filter(({ actions }) => actions[0] === 'StoreItems');
  expect(rows.map(({ actions }) => actions[0]).filter((one) => one !== 'StoreItems')).toEqual([
    'OpenSubmission',
    'CloseSubmission',
  ]);
  expect(stored.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(DEPOSITS);
  expect(stored.reduce((sum, { rejected }) => sum + rejected, 0)).toBe(1);
  const batches = await owner.query(
    "select partition, seq from submission_batches where submission_id = 'payroll'",
  );
  expect(stored.length).toBe(batches.rowCount);
  expect(rows.at(-1)?.detail).toBe(`${DEPOSITS + 1} items, ${DEPOSITS} accepted`);
  const named = await audited({ account });
  expect(named.map(({ actions }) => actions[0])).toEqual(['StoreItems']);

  const reversal = ReverseSubmissionRequest.fromPartial({
    submissionId: 'undone',
    reversedSubmissionId: 'payroll',
    reason: 'paid twice',
  });
  await callUnary(replica.bulk, BULK.reverseSubmission, reversal);
  const undone = await audited({ submission: 'undone' });
  const kinds = new Set(undone.map(({ actions }) => actions[0]));
  expect(kinds).toEqual(
    new Set(['ReverseSubmission', 'OpenSubmission', 'StoreItems', 'CloseSubmission']),
  );
  expect(undone.find(({ actions }) => actions[0] === 'ReverseSubmission')?.detail).toBe(
    'reverses payroll',
  );
});

it('is asked by time, subject and tenant', async () => {
  await deposit(1n);
  expect(await audited({ subject: 'bob' })).toEqual([]);
  expect(await audited({ tenant: 'south' })).toEqual([]);
  expect(await audited({ until: since })).toEqual([]);
  expect(await audited({ limit: 0 })).toEqual([]);
  expect(await audited({ tenant: 'north', account })).toHaveLength(1);
});
