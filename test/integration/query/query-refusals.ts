/**
 * Every way in which a query is refused beside malformed fields: one row a case, the methods that
 * are refused so, and what their calls stand on.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { ListAccountsRequest, ListEntriesRequest } from '#proto/bank/v1/account_query_service.ts';
import { exportStatement, refusalOf, watchAccount, type Fault } from './query-calls.ts';

const { DEADLINE_EXCEEDED, FAILED_PRECONDITION, NOT_FOUND } = status;
const { OUT_OF_RANGE, RESOURCE_EXHAUSTED, UNAVAILABLE } = status;

export type QueryGround = {
  /** Of a replica that waits for a version only shortly. */
  readonly client: BankClient;
  /** Of a replica whose projection store cannot be reached. */
  readonly away: BankClient;
  /** Of one that has as many calls waiting for a version as it may. */
  readonly full: BankClient;
  /** Of one that ends its streams after a moment. */
  readonly brief: BankClient;
  readonly account: string;
  /** Of the sums of its entries none fits. */
  readonly huge: string;
  /** An account with tokens of a version that it does not have any more. */
  readonly rewound: { accountId: string; watchToken: string; statementToken: string };
};

type Asked = { accountId: string; minVersion: bigint; resumeToken: string; deadlineMs: number };
type Call = (client: BankClient, asked: Asked) => Promise<Fault | undefined>;

const CALLS = {
  GetAccount: ({ queries }, { accountId, minVersion, deadlineMs }) =>
    refusalOf(
      unaryCall(queries.getAccount.bind(queries), { accountId, minVersion }, { deadlineMs }),
    ),
  BatchGetAccounts: ({ queries }, { accountId, minVersion, deadlineMs }) => {
    const request = { accountIds: [accountId], minVersions: { [accountId]: minVersion } };
    return refusalOf(unaryCall(queries.batchGetAccounts.bind(queries), request, { deadlineMs }));
  },
  ListAccounts: ({ queries }, { deadlineMs }) => {
    const request = ListAccountsRequest.create();
    return refusalOf(unaryCall(queries.listAccounts.bind(queries), request, { deadlineMs }));
  },
  ListEntries: ({ queries }, { accountId, minVersion, deadlineMs }) => {
    const request = ListEntriesRequest.fromPartial({ accountId, minVersion });
    return refusalOf(unaryCall(queries.listEntries.bind(queries), request, { deadlineMs }));
  },
  GetBalanceAt: ({ queries }, { accountId, minVersion, deadlineMs }) => {
    const at = { $case: 'version', value: 1n } as const;
    const request = { accountId, minVersion, at };
    return refusalOf(unaryCall(queries.getBalanceAt.bind(queries), request, { deadlineMs }));
  },
  ExportStatement: (client, { deadlineMs, ...request }) =>
    exportStatement(client, request, deadlineMs).ended,
  WatchAccount: (client, { deadlineMs, ...request }) =>
    watchAccount(client, request, deadlineMs).ended,
} as const satisfies Record<string, Call>;

type Method = keyof typeof CALLS;

const STREAMS: readonly Method[] = ['ExportStatement', 'WatchAccount'];
const WAITING: readonly Method[] = [
  'GetAccount',
  'BatchGetAccounts',
  'ListEntries',
  'GetBalanceAt',
  ...STREAMS,
];
const OF_ACCOUNT = WAITING.filter((method) => method !== 'BatchGetAccounts');
const EVERY: readonly Method[] = [...WAITING, 'ListAccounts'];

/** What a case asks, and of whom. */
type Case = (ground: QueryGround, method: Method) => Partial<Asked> & { of?: BankClient };

const CASES: readonly (readonly [status, string, readonly Method[], Case])[] = [
  [
    UNAVAILABLE,
    'PROJECTION_UNAVAILABLE',
    EVERY,
    ({ away }) => ({ of: away, accountId: randomUUID() }),
  ],
  [NOT_FOUND, 'ACCOUNT_NOT_FOUND', OF_ACCOUNT, () => ({ accountId: randomUUID() })],
  [DEADLINE_EXCEEDED, 'VERSION_NOT_PROJECTED', WAITING, () => ({ minVersion: 99n })],
  [RESOURCE_EXHAUSTED, 'QUEUE_FULL', WAITING, ({ full }) => ({ of: full, minVersion: 98n })],
  [UNAVAILABLE, 'STREAM_ROTATED', STREAMS, ({ brief }) => ({ of: brief, minVersion: 99n })],
  [
    FAILED_PRECONDITION,
    'LOG_REPLACED',
    STREAMS,
    ({ rewound: { accountId, watchToken, statementToken } }, method) => {
      return { accountId, resumeToken: method === 'WatchAccount' ? watchToken : statementToken };
    },
  ],
  [OUT_OF_RANGE, 'BALANCE_OVERFLOW', ['ExportStatement'], ({ huge }) => ({ accountId: huge })],
];

export const QUERY_REFUSALS = CASES.flatMap(([code, reason, methods, asks]) =>
  methods.map((method) => ({
    method,
    code,
    reason,
    call: (ground: QueryGround): Promise<Fault | undefined> => {
      const { of: client = ground.client, ...asked } = asks(ground, method);
      const nothing = { minVersion: 0n, resumeToken: '', deadlineMs: 20_000 };
      return CALLS[method](client, { accountId: ground.account, ...nothing, ...asked });
    },
  })),
);
