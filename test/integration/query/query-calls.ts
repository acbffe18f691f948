/** Calls of the queries as tests make them: pages to their end, streams with how they ended. */
import { Metadata, type ClientReadableStream } from '@grpc/grpc-js';
import { callFault, type CallFault } from '#client/call-fault.ts';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { decodeStatusDetails } from '#platform/grpc-errors.ts';
import type { Account, Entry } from '#proto/bank/v1/account.ts';
import {
  ExportStatementRequest,
  ListAccountsRequest,
  ListEntriesRequest,
  WatchAccountRequest,
  type ExportStatementResponse,
  type GetBalanceAtRequest,
  type WatchAccountResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { until } from '#test/support/until.ts';

const PAGES_MAX = 10_000;

export type Fault = Pick<CallFault, 'code' | 'reason'> & { fields: string[]; rules: string[] };

/** How a call that must fail has failed. */
export async function refusalOf(call: Promise<unknown>): Promise<Fault> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return faultOf(error);
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error && 'metadata' in error && error.metadata instanceof Metadata)) {
    throw new Error('it was not refused', { cause: error });
  }
  const { code, reason } = callFault(error);
  const violations = decodeStatusDetails(error.metadata)?.violations ?? [];
  const fields = violations.map(({ field }) => field);
  return { code, reason, fields, rules: violations.map(({ description }) => description) };
}

export function balanceAt({ queries }: BankClient, request: Partial<GetBalanceAtRequest>) {
  const whole = { accountId: '', at: undefined, minVersion: 0n, ...request };
  return unaryCall(queries.getBalanceAt.bind(queries), whole);
}

export function listAccounts({ queries }: BankClient, request: Partial<ListAccountsRequest>) {
  return unaryCall(queries.listAccounts.bind(queries), ListAccountsRequest.fromPartial(request));
}

export function listEntries({ queries }: BankClient, request: Partial<ListEntriesRequest>) {
  return unaryCall(queries.listEntries.bind(queries), ListEntriesRequest.fromPartial(request));
}

/** All pages; `between` runs behind each but the last. */
export async function allEntries(
  client: BankClient,
  request: Partial<ListEntriesRequest>,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Entry[]> {
  return await allPages(async (pageToken) => {
    const { entries, nextPageToken } = await listEntries(client, { ...request, pageToken });
    return { items: entries, nextPageToken };
  }, between);
}

export async function allAccounts(
  client: BankClient,
  request: Partial<ListAccountsRequest>,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<Account[]> {
  return await allPages(async (pageToken) => {
    const { accounts, nextPageToken } = await listAccounts(client, { ...request, pageToken });
    return { items: accounts, nextPageToken };
  }, between);
}

async function allPages<T>(
  read: (pageToken: string) => Promise<{ items: T[]; nextPageToken: string }>,
  between: () => Promise<void>,
): Promise<T[]> {
  const all: T[] = [];
  let pageToken = '';
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const { items, nextPageToken } = await read(pageToken);
    all.push(...items);
    if (nextPageToken === '') return all;
    pageToken = nextPageToken;
    await between();
  }
  throw new Error('the list does not end');
}

export type Stream<Message> = {
  readonly messages: Message[];
  readonly call: ClientReadableStream<Message>;
  /** Undefined: it ended OK. */
  readonly ended: Promise<Fault | undefined>;
  /** Waits for the n-th message. */
  message(n: number): Promise<Message>;
};

export function watchAccount(
  { queries }: BankClient,
  request: Partial<WatchAccountRequest>,
  deadlineMs?: number,
): Stream<WatchAccountResponse> {
  const whole = WatchAccountRequest.fromPartial(request);
  return streamOf(queries.watchAccount(whole, new Metadata(), within(deadlineMs)));
}

export function exportStatement(
  { queries }: BankClient,
  request: Partial<ExportStatementRequest>,
  deadlineMs?: number,
): Stream<ExportStatementResponse> {
  const whole = ExportStatementRequest.fromPartial(request);
  return streamOf(queries.exportStatement(whole, new Metadata(), within(deadlineMs)));
}

function within(deadlineMs: number | undefined): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

function streamOf<Message>(call: ClientReadableStream<Message>): Stream<Message> {
  const messages: Message[] = [];
  call.on('data', (message: Message) => messages.push(message));
  const ended = new Promise<Fault | undefined>((resolve) => {
    call.on('end', () => resolve(undefined));
    call.on('error', (error: Error) => resolve(faultOf(error)));
  });
  const message = (n: number) => until(`message ${n}`, () => messages[n - 1], { everyMs: 5 });
  return { messages, call, ended, message };
}
