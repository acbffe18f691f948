/**
 * Every rule of every field of the queries, a row each: the call is refused INVALID_ARGUMENT, and
 * names the field and the rule. Several at once are all named.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import {
  GetAccountRequest,
  type BatchGetAccountsRequest,
  type ExportStatementRequest,
  type GetBalanceAtRequest,
  type ListAccountsRequest,
  type ListEntriesRequest,
  type WatchAccountRequest,
} from '#proto/bank/v1/account_query_service.ts';
import type { Timestamp } from '#proto/google/protobuf/timestamp.ts';
import {
  balanceAt,
  exportStatement,
  listAccounts,
  listEntries,
  refusalOf,
  watchAccount,
  type Fault,
  type Stream,
} from './query-calls.ts';
import { startQueryService, type QueryService } from './query-service.ts';

let service: QueryService;
beforeAll(async () => {
  service = await startQueryService();
});
afterAll(() => service.close());

const ID = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';
const OTHER = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6d';
const UUID = 'must be a UUID in text form';
const ABOVE = 'must be 0 or above';
const TIME = 'must be a time of the years 1 to 9999, with nanos from 0 to 999999999';
const DATE = 'must be a date that exists, written YYYY-MM-DD';
const PAGE = 'must be the next_page_token of a page with the same filters';
const RESUME = 'must be the resume_token of a stream with the same request';
const MANY = 'must hold 1 to 1000 accounts, not 0';
const MORE = 'must hold 1 to 1000 accounts, not 1001';
const AMONG = 'must be among account_ids';
const CURRENCY = 'must be an ISO 4217 code in capitals, such as EUR';
const SUBMISSION = 'must be 1 to 128 of A-Z a-z 0-9 . _ -';
const below = (field: string) => `must not be below ${field}`;
const LATE = { seconds: 253_402_300_800n, nanos: 0 };
const EARLY = { seconds: -62_135_596_801n, nanos: 0 };
const ODD = { seconds: 0n, nanos: 1_000_000_000 };
const AT = { seconds: 10n, nanos: 0 };
const BEFORE = { seconds: 9n, nanos: 0 };

const tooMany = Array.from({ length: 1_001 }, () => ID);
type Row = [string, () => Promise<Fault>, string, string];

const getAccount = (request: Partial<GetAccountRequest>) => {
  const { queries } = service.client;
  const whole = GetAccountRequest.fromPartial({ accountId: ID, ...request });
  return refusalOf(unaryCall(queries.getAccount.bind(queries), whole));
};
const batch = (request: Partial<BatchGetAccountsRequest>) => {
  const { queries } = service.client;
  const whole = { accountIds: [ID], minVersions: {}, ...request };
  return refusalOf(unaryCall(queries.batchGetAccounts.bind(queries), whole));
};
const accounts = (request: Partial<ListAccountsRequest>) =>
  refusalOf(listAccounts(service.client, request));
const entries = (request: Partial<ListEntriesRequest>) =>
  refusalOf(listEntries(service.client, { accountId: ID, ...request }));
const balance = (request: Partial<GetBalanceAtRequest>) => {
  const at = { $case: 'version' as const, value: 1n };
  return refusalOf(balanceAt(service.client, { accountId: ID, at, ...request }));
};
const statement = (request: Partial<ExportStatementRequest>) =>
  endOf(exportStatement(service.client, { accountId: ID, ...request }));
const watch = (request: Partial<WatchAccountRequest>) =>
  endOf(watchAccount(service.client, { accountId: ID, ...request }));

async function endOf({ ended }: Pick<Stream<unknown>, 'ended'>): Promise<Fault> {
  const fault = await ended;
  if (fault === undefined) throw new Error('it was not refused');
  return fault;
}

const manyLabels = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`label-${n}`, '']));
const THOUSAND = Object.fromEntries(Array.from({ length: 1_000 }, () => [randomUUID(), 0n]));
/** The fault of a call that may also be answered. */
const answer = (call: Promise<Fault>): Promise<Fault | undefined> => call.catch(() => undefined);
const version = (value: bigint) => ({ $case: 'version' as const, value });
const time = (value: Timestamp) => ({ $case: 'time' as const, value });

test.each<Row>([
  ['GetAccount', () => getAccount({ accountId: '' }), 'account_id', 'is required'],
  ['GetAccount', () => getAccount({ accountId: 'x' }), 'account_id', UUID],
  ['GetAccount', () => getAccount({ minVersion: -1n }), 'min_version', ABOVE],
  ['BatchGetAccounts', () => batch({ accountIds: [] }), 'account_ids', MANY],
  ['BatchGetAccounts', () => batch({ accountIds: tooMany }), 'account_ids', MORE],
  ['BatchGetAccounts', () => batch({ accountIds: [ID, 'x'] }), 'account_ids[1]', UUID],
  ['BatchGetAccounts', () => batch({ minVersions: { x: 1n } }), 'min_versions[x]', UUID],
  [
    'BatchGetAccounts',
    () => batch({ minVersions: { [OTHER]: 1n } }),
    `min_versions[${OTHER}]`,
    AMONG,
  ],
  ['BatchGetAccounts', () => batch({ minVersions: { [ID]: -1n } }), `min_versions[${ID}]`, ABOVE],
  ['ListAccounts', () => accounts({ pageSize: -1 }), 'page_size', ABOVE],
  ['ListAccounts', () => accounts({ pageToken: 'x' }), 'page_token', PAGE],
  ['ListAccounts', () => accounts({ owner: '\0' }), 'owner', 'must not contain U+0000'],
  ['ListAccounts', () => accounts({ currencyCode: 'eur' }), 'currency_code', CURRENCY],
  ['ListAccounts', () => accounts({ status: -1 }), 'status', 'must be a known status'],
  ['ListAccounts', () => accounts({ labels: { '': 'x' } }), 'labels', 'a key must not be empty'],
  [
    'ListAccounts',
    () => accounts({ labels: { a: '\0' } }),
    'labels',
    'a value must not contain U+0000',
  ],
  ['ListAccounts', () => accounts({ labels: manyLabels }), 'labels', 'must be 16 or fewer'],
  ['ListEntries', () => entries({ accountId: 'x' }), 'account_id', UUID],
  ['ListEntries', () => entries({ pageSize: -1 }), 'page_size', ABOVE],
  ['ListEntries', () => entries({ pageToken: 'x' }), 'page_token', PAGE],
  ['ListEntries', () => entries({ minVersion: -1n }), 'min_version', ABOVE],
  ['ListEntries', () => entries({ order: -1 }), 'order', 'must be a known order'],
  ['ListEntries', () => entries({ fromVersion: -1n }), 'from_version', ABOVE],
  ['ListEntries', () => entries({ endVersion: -1n }), 'end_version', ABOVE],
  [
    'ListEntries',
    () => entries({ fromVersion: 3n, endVersion: 2n }),
    'end_version',
    below('from_version'),
  ],
  ['ListEntries', () => entries({ recordedFrom: EARLY }), 'recorded_from', TIME],
  ['ListEntries', () => entries({ recordedBefore: ODD }), 'recorded_before', TIME],
  [
    'ListEntries',
    () => entries({ recordedFrom: AT, recordedBefore: BEFORE }),
    'recorded_before',
    below('recorded_from'),
  ],
  ['ListEntries', () => entries({ types: [2, -1] }), 'types[1]', 'must be a known type of entry'],
  ['ListEntries', () => entries({ submissionId: 'a b' }), 'submission_id', SUBMISSION],
  ['ListEntries', () => entries({ valueDateFrom: '2026-02-30' }), 'value_date_from', DATE],
  ['ListEntries', () => entries({ valueDateFrom: '0000-01-01' }), 'value_date_from', DATE],
  ['ListEntries', () => entries({ valueDateBefore: '1.2.2026' }), 'value_date_before', DATE],
  [
    'ListEntries',
    () => entries({ valueDateFrom: '2026-02-02', valueDateBefore: '2026-02-01' }),
    'value_date_before',
    below('value_date_from'),
  ],
  ['GetBalanceAt', () => balance({ accountId: 'x' }), 'account_id', UUID],
  ['GetBalanceAt', () => balance({ minVersion: -1n }), 'min_version', ABOVE],
  ['GetBalanceAt', () => balance({ at: undefined }), 'at', 'is required: time or version'],
  ['GetBalanceAt', () => balance({ at: version(0n) }), 'version', 'must be 1 or above'],
  ['GetBalanceAt', () => balance({ at: time(LATE) }), 'time', TIME],
  ['ExportStatement', () => statement({ accountId: 'x' }), 'account_id', UUID],
  ['ExportStatement', () => statement({ minVersion: -1n }), 'min_version', ABOVE],
  ['ExportStatement', () => statement({ recordedFrom: ODD }), 'recorded_from', TIME],
  ['ExportStatement', () => statement({ recordedBefore: LATE }), 'recorded_before', TIME],
  [
    'ExportStatement',
    () => statement({ recordedFrom: AT, recordedBefore: BEFORE }),
    'recorded_before',
    below('recorded_from'),
  ],
  ['ExportStatement', () => statement({ resumeToken: 'x' }), 'resume_token', RESUME],
  ['WatchAccount', () => watch({ accountId: 'x' }), 'account_id', UUID],
  ['WatchAccount', () => watch({ minVersion: -1n }), 'min_version', ABOVE],
  ['WatchAccount', () => watch({ resumeToken: 'x' }), 'resume_token', RESUME],
])('%s is refused and names field and rule', async (_, call, field, rule) => {
  const { code, fields, rules } = await call();
  expect({ code, fields, rules }).toEqual({ code: 3, fields: [field], rules: [rule] });
});

const one = (text: string) => ({ [text]: '' });
const idsOf = (count: number) => Array.from({ length: count }, () => ID);
const versionsOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, () => [randomUUID(), 0n]));

test.each<[string, () => Promise<Fault | undefined>, () => Promise<Fault>, string]>([
  [
    'accounts of BatchGetAccounts',
    () => answer(batch({ accountIds: idsOf(1_000) })),
    () => batch({ accountIds: idsOf(1_001) }),
    MORE,
  ],
  [
    'versions of BatchGetAccounts',
    () => answer(batch({ accountIds: Object.keys(THOUSAND), minVersions: THOUSAND })),
    () => batch({ minVersions: versionsOf(1_001) }),
    'must be 1000 or fewer',
  ],
  [
    'characters of an owner',
    () => answer(accounts({ owner: '\u{1f600}'.repeat(140) })),
    () => accounts({ owner: 'x'.repeat(141) }),
    'must have 140 characters or fewer',
  ],
  [
    "characters of a label's key",
    () => answer(accounts({ labels: one('k'.repeat(63)) })),
    () => accounts({ labels: one('k'.repeat(64)) }),
    'a key must have 63 characters or fewer',
  ],
  [
    "characters of a label's value",
    () => answer(accounts({ labels: { k: 'v'.repeat(255) } })),
    () => accounts({ labels: { k: 'v'.repeat(256) } }),
    'a value must have 255 characters or fewer',
  ],
  [
    'types of entries',
    () => answer(entries({ types: Array.from({ length: 64 }, () => 1) })),
    () => entries({ types: Array.from({ length: 65 }, () => 1) }),
    'must be 64 or fewer',
  ],
])('%s: taken at the limit, refused beyond it', async (_, atLimit, beyond, rule) => {
  expect((await atLimit())?.code ?? status.OK).not.toBe(status.INVALID_ARGUMENT);
  expect(await beyond()).toMatchObject({ code: status.INVALID_ARGUMENT, rules: [rule] });
});

test('all that is wrong is named at once', async () => {
  const { fields } = await entries({ accountId: 'x', pageSize: -1, order: -1, submissionId: '*' });
  expect(fields).toEqual(['account_id', 'page_size', 'order', 'submission_id']);
});
