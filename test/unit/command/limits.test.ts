/** Limits of what one message or request of command-svc may hold: at the limit, and one beyond. */
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { RpcError } from '#platform/grpc-errors.ts';
import {
  BulkDepositRequest,
  BulkOpenAccountsRequest,
  BulkSubmitRequest,
  SubmitBatchRequest,
} from '#proto/bank/v1/bulk_service.ts';
import { SubscribeToEventsRequest } from '#proto/bank/v1/event_log_service.ts';
import {
  bulkServiceDefinition,
  decodeAccounts,
  decodeDeposits,
  decodeDirectBatch,
  decodeOperations,
} from '../../../command-svc/bulk-messages.ts';
import { checkControlTotals } from '../../../command-svc/control-totals.ts';
import { openFeedRequest } from '../../../command-svc/feed-request.ts';
import {
  checkDeposit,
  checkOpenAccount,
  checkSubmissionId,
  type Violations,
} from '../../../command-svc/field-rules.ts';
import { itemPage } from '../../../command-svc/item-pages.ts';
import { checkRequest } from '../../../command-svc/request-rules.ts';
import {
  DepositRequest,
  FreezeAccountRequest,
  OpenAccountRequest,
} from '#proto/bank/v1/account_command_service.ts';

const ID = '0190c7b2-3f4e-7abc-8def-0123456789ab';
const LOG = { logId: ID, partitionCount: 4 };
const amount = { currencyCode: 'EUR', minorUnits: 1n };
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

/** Refused: the violations' fields and rules. */
type Refusal = string | undefined;

function refusal(act: () => unknown): Refusal {
  try {
    const found = act();
    return Array.isArray(found) && found.length > 0 ? texts(found) : undefined;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    return texts(error.violations ?? []);
  }
}

function texts(violations: Violations): string {
  return violations.map(({ field, description }) => `${field} ${description}`.trim()).join('; ');
}

const raw = (encoded: { finish(): Uint8Array }) => ({ bytes: Buffer.from(encoded.finish()) });
const deposits = (count: number) =>
  raw(BulkDepositRequest.encode(BulkDepositRequest.fromPartial({ deposits: many(count, {}) })));
const accounts = (count: number) =>
  raw(
    BulkOpenAccountsRequest.encode(
      BulkOpenAccountsRequest.fromPartial({ accounts: many(count, {}) }),
    ),
  );
const operations = (count: number) =>
  raw(BulkSubmitRequest.encode(BulkSubmitRequest.fromPartial({ operations: many(count, {}) })));
const batch = (count: number) =>
  raw(
    SubmitBatchRequest.encode(
      SubmitBatchRequest.fromPartial({ submissionId: 's', mode: 1, operations: many(count, {}) }),
    ),
  );
const deposit = (change: Partial<DepositRequest>) =>
  checkDeposit(DepositRequest.fromPartial({ accountId: ID, amount, ...change }));
const account = (change: Partial<OpenAccountRequest>) =>
  checkOpenAccount(OpenAccountRequest.fromPartial({ currencyCode: 'EUR', ...change }));
const freeze = (reason: string) => {
  const value = FreezeAccountRequest.fromPartial({ accountId: ID, debits: true, reason });
  return checkRequest({ $case: 'freezeAccount', value });
};
const feed = (change: Partial<SubscribeToEventsRequest>) =>
  void openFeedRequest(SubscribeToEventsRequest.fromPartial(change), LOG);
const totals = (count: number) =>
  checkControlTotals('control_totals', { items: undefined, amounts: many(count, amount) });
const message = 'must be 5000 or fewer in one message';

test.each<[string, (count: number) => unknown, number, string]>([
  ['deposits of a message', (n) => void decodeDeposits(deposits(n)), 5_000, `deposits ${message}`],
  ['accounts of a message', (n) => void decodeAccounts(accounts(n)), 5_000, `accounts ${message}`],
  [
    'operations of a message',
    (n) => void decodeOperations(operations(n)),
    5_000,
    `operations ${message}`,
  ],
  [
    'commands of a direct batch',
    (n) => void decodeDirectBatch(batch(n)),
    5_000,
    'operations must hold 1 to 5000 commands',
  ],
  [
    'bytes of a message',
    (n) => void decodeDeposits(receive(messageOf(n))),
    4 * 1024 * 1024,
    'a message must have 4 MiB or less',
  ],
  [
    'characters of a submission_id',
    (n) => checkSubmissionId('s'.repeat(n)),
    128,
    'submission_id must be 1 to 128 of A-Z a-z 0-9 . _ -',
  ],
  [
    'characters of a reference',
    (n) => deposit({ reference: '\u{1f600}'.repeat(n) }),
    140,
    'reference must have 140 characters or fewer',
  ],
  [
    'characters of an owner',
    (n) => account({ owner: 'x'.repeat(n) }),
    140,
    'owner must have 140 characters or fewer',
  ],
  ['characters of a reason', freezeOf, 140, 'reason must have 140 characters or fewer'],
  ['labels', (n) => account({ labels: labelsOf(n) }), 16, 'labels must be 16 or fewer'],
  [
    "characters of a label's key",
    (n) => account({ labels: { ['k'.repeat(n)]: '' } }),
    63,
    'labels a key must have 63 characters or fewer',
  ],
  [
    "characters of a label's value",
    (n) => account({ labels: { k: 'v'.repeat(n) } }),
    255,
    'labels a value must have 255 characters or fewer',
  ],
  ['owners of a feed', (n) => feed({ owners: many(n, 'x') }), 100, 'owners must be 100 or fewer'],
  ['types of a feed', (n) => feed({ types: many(n, 1) }), 64, 'types must be 64 or fewer'],
  [
    'partitions of a feed',
    (n) => feed({ partitions: many(n, 1) }),
    4,
    'partitions must be 4 or fewer',
  ],
])('%s', (_, act, limit, rule) => {
  expect(refusal(() => act(limit))).toBeUndefined();
  expect(refusal(() => act(limit + 1))).toBe(rule);
});

test('amounts of control totals', () => {
  // There are fewer currencies than that, each named once: at the limit that is what is wrong.
  expect(refusal(() => totals(200))).toContain('must be named once');
  expect(refusal(() => totals(201))).toBe('control_totals.amounts must be 200 or fewer');
});

test('a page holds as many as may be, however many are asked for', () => {
  const sizeOf = (pageSize: number) =>
    itemPage({ tenant: '', submissionId: 's' }, { pageSize, pageToken: '' }).size;
  expect([0, 1, 1_000, 1_001, 2 ** 31 - 1].map(sizeOf)).toEqual([100, 1, 1_000, 1_000, 1_000]);
  expect(refusal(() => sizeOf(-1))).toBe('page_size must be 0 or more');
});

function freezeOf(count: number): Violations {
  return freeze('r'.repeat(count));
}

function labelsOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, '']));
}

/** A message of so many bytes: one item with as long a reference as it takes. */
function messageOf(bytes: number): Buffer {
  const encoded = (reference: string) =>
    Buffer.from(
      BulkDepositRequest.encode(
        BulkDepositRequest.fromPartial({ deposits: [{ reference }] }),
      ).finish(),
    );
  const rest = bytes - encoded('x'.repeat(bytes - 100)).length;
  return encoded('x'.repeat(bytes - 100 + rest));
}

/** As the server hands it on. */
function receive(bytes: Buffer) {
  return bulkServiceDefinition.bulkDeposit.requestDeserialize(bytes);
}
