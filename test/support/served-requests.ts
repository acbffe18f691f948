/**
 * For each served method: a request that works, made on a fresh ground, and for its fields the
 * values with which they must act. A field without a value here gets one by its type; one whose
 * value changes nothing that can be seen fails its test.
 */
import { status } from '@grpc/grpc-js';
import type { JsonObject } from '#test/support/contract-methods.ts';
import { STATEMENTS_AND_FEEDS } from '#test/support/served-queries.ts';
import { REBUILDS } from '#test/support/served-rebuilds.ts';
import type { JsonValue } from '@bufbuild/protobuf';
import { ACCOUNT_COMMANDS, euros, FAR_OFF } from '#test/support/served-commands.ts';

/** Ids of one run: what a request may name. */
export type Ground = {
  /** An account with two deposits of 10, the second by `operation`, through `submission`, */
  account: string;
  /** and this hold of 5. */
  hold: string;
  /** Of that account, and of the other ones. */
  owner: string;
  otherAccount: string;
  /** Open, and nothing else. */
  emptyAccount: string;
  operation: string;
  /** Closed: one deposit accepted, two refused. */
  submission: string;
  /** Open: one deposit at index 0. */
  openSubmission: string;
  /** Ids that nothing has. */
  freshAccount: string;
  freshOperation: string;
  freshHold: string;
  freshSubmission: string;
  /** Of bulk mode; held. */
  lease: string;
  /** Caught up, and different from what is live; empty where the method needs none. */
  rebuild: string;
};

export type ServedMethod = {
  /** What a call changes, and what the next one therefore needs anew. Default: nothing. */
  changes?: 'what is fresh' | 'all';
  /** Each call needs a rebuild of its own. */
  needsRebuild?: boolean;
  /** How a call that works ends. Default: OK; a stream without end, by its deadline. */
  endsWith?: status;
  request: (ground: Ground) => JsonObject;
  values?: (ground: Ground) => Record<string, JsonValue>;
};

const openAccount: ServedMethod = {
  changes: 'what is fresh',
  request: ({ freshAccount }) => ({
    account_id: freshAccount,
    currency_code: 'EUR',
    owner: 'Ada',
    overdraft_limit: euros(0),
  }),
  values: ({ freshOperation }) => ({
    currency_code: 'CHF',
    owner: 'Bob',
    'overdraft_limit.minor_units': '500',
    operation_id: freshOperation,
    labels: { branch: 'north' },
  }),
};

const deposit: ServedMethod = {
  changes: 'all',
  request: ({ account }) => ({ account_id: account, amount: euros(100) }),
  values: ({ freshAccount, freshOperation }) => ({
    account_id: freshAccount,
    'amount.currency_code': 'CHF',
    operation_id: freshOperation,
    value_date: '2026-01-31',
  }),
};

const bulkValues: Record<string, JsonValue> = {
  'options.end_item_index': '0',
  'options.control_totals.items': '7',
};
const underPrefix = (prefix: string, values: Record<string, JsonValue>) =>
  Object.fromEntries(Object.entries(values).map(([path, value]) => [`${prefix}.${path}`, value]));

/** One command that is accepted and one that is refused. */
const operations = (ground: Ground) => [
  { open_account: openAccount.request(ground) },
  { deposit: { account_id: ground.freshAccount, amount: euros(0) } },
];
/** Values of commands that are not served yet, by their type. */
const operationValues = (ground: Ground): Record<string, JsonValue> => ({
  ...underPrefix('operations[].open_account', openAccount.values?.(ground) ?? {}),
  'operations[].place_hold.expires_at': `${FAR_OFF}T00:00:00Z`,
});

const closedList: ServedMethod = {
  request: ({ submission }) => ({ submission_id: submission }),
  values: ({ freshSubmission }) => ({ submission_id: freshSubmission, page_size: 1 }),
};

export const SERVED_METHODS: Readonly<Record<string, ServedMethod>> = {
  OpenAccount: openAccount,
  Deposit: deposit,
  ...ACCOUNT_COMMANDS,
  GetOperation: {
    request: ({ account, operation }) => ({ account_id: account, operation_id: operation }),
    values: ({ freshAccount, freshOperation }) => ({
      account_id: freshAccount,
      operation_id: freshOperation,
    }),
  },
  BulkOpenAccounts: {
    changes: 'what is fresh',
    request: (ground) => ({
      submission_id: ground.freshSubmission,
      accounts: [openAccount.request(ground)],
    }),
    values: (ground) => ({
      ...bulkValues,
      ...underPrefix('accounts[]', openAccount.values?.(ground) ?? {}),
    }),
  },
  BulkDeposit: {
    changes: 'all',
    request: (ground) => ({
      submission_id: ground.freshSubmission,
      deposits: [deposit.request(ground)],
    }),
    values: (ground) => ({
      ...bulkValues,
      ...underPrefix('deposits[]', deposit.values?.(ground) ?? {}),
    }),
  },
  BulkSubmit: {
    changes: 'what is fresh',
    request: (ground) => ({
      submission_id: ground.freshSubmission,
      operations: operations(ground),
    }),
    values: (ground) => ({ ...bulkValues, ...operationValues(ground) }),
  },
  SubmitBatch: {
    changes: 'what is fresh',
    request: (ground) => ({
      submission_id: ground.freshSubmission,
      mode: 'BATCH_MODE_PER_ITEM',
      operations: operations(ground),
    }),
    values: (ground) => ({ mode: 'BATCH_MODE_ATOMIC', ...operationValues(ground) }),
  },
  CloseSubmission: {
    changes: 'all',
    request: ({ openSubmission }) => ({ submission_id: openSubmission }),
    values: ({ freshSubmission }) => ({ submission_id: freshSubmission }),
  },
  ReverseSubmission: {
    changes: 'all',
    request: ({ freshSubmission, submission }) => ({
      submission_id: freshSubmission,
      reversed_submission_id: submission,
      reason: 'a test',
    }),
    values: ({ openSubmission }) => ({
      submission_id: openSubmission,
      reversed_submission_id: openSubmission,
    }),
  },
  GetSubmission: closedList,
  ListSubmissions: { request: () => ({ page_size: 5 }) },
  ListRejections: closedList,
  ListItemResults: closedList,
  StartBulkMode: {
    request: () => ({ holder: 'a test', reason: 'fields', ttl: '30s' }),
    values: () => ({ ttl: '1s' }),
  },
  RenewBulkMode: {
    request: ({ lease }) => ({ lease_id: lease, ttl: '600s' }),
    values: ({ freshOperation }) => ({ lease_id: freshOperation, ttl: '601s' }),
  },
  EndBulkMode: {
    changes: 'all',
    request: ({ lease }) => ({ lease_id: lease }),
    values: () => ({ lease_id: 'no UUID' }),
  },
  GetBulkMode: { request: () => ({}) },
  ReadAccountEvents: {
    request: ({ account }) => ({ account_id: account }),
    values: ({ freshAccount }) => ({ account_id: freshAccount, from_version: '2' }),
  },
  SubscribeToEvents: {
    endsWith: status.DEADLINE_EXCEEDED,
    request: () => ({ from_now: true, owners: ['Ada'] }),
    values: () => ({
      from_now: false,
      resume_token: 'of nobody',
      'after.positions[].partition': -1,
      'after.positions[].seq': '-1',
      types: ['EVENT_TYPE_UNSPECIFIED'],
      owners: [''],
      partitions: [-1],
    }),
  },
  StreamAcknowledgements: {
    request: ({ submission }) => ({ submission_id: submission }),
    values: ({ freshSubmission }) => ({ submission_id: freshSubmission }),
  },
  GetProjectionStatus: { request: () => ({}) },
  ...REBUILDS,
  ListDeadLetters: {
    request: () => ({}),
    values: () => ({ page_size: -1, page_token: 'of nobody', cause: 'no cause' }),
  },
  RetryDeadLetters: {
    endsWith: status.NOT_FOUND,
    request: ({ freshOperation }) => ({ dead_letter_id: freshOperation }),
    values: () => ({ dead_letter_id: 'no UUID', cause: 'NO_SUCH_CAUSE', all: true }),
  },
  GetAccount: {
    request: ({ account }) => ({ account_id: account }),
    values: ({ freshAccount }) => ({ account_id: freshAccount, min_version: '99' }),
  },
  BatchGetAccounts: {
    request: ({ account }) => ({ account_ids: [account] }),
    values: ({ account, freshAccount }) => ({
      account_ids: [freshAccount],
      min_versions: { [account]: '99' },
    }),
  },
  ListEntries: {
    request: ({ account }) => ({ account_id: account }),
    values: ({ freshAccount, freshSubmission }) => ({
      account_id: freshAccount,
      page_size: 1,
      min_version: '99',
      order: 'LIST_ORDER_DESCENDING',
      from_version: '2',
      end_version: '2',
      recorded_from: `${FAR_OFF}T00:00:00Z`,
      recorded_before: '2020-01-01T00:00:00Z',
      types: ['ENTRY_TYPE_ACCOUNT_OPENED'],
      submission_id: freshSubmission,
      value_date_from: FAR_OFF,
      value_date_before: '2020-01-01',
    }),
  },
  ...STATEMENTS_AND_FEEDS,
};
