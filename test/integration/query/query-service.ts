/**
 * query-svc in this process, on databases and a Redis of the run's stack, with a client and rows to
 * read.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { Closers } from '#platform/closers.ts';
import { silentLogger } from '#platform/logger.ts';
import { EVERYONE, joinNames, noticeName } from '#platform/notice-names.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import type { Account } from '#proto/bank/v1/account.ts';
import { ListEntriesRequest } from '#proto/bank/v1/account_query_service.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { readConfig } from '../../../query-svc/config.ts';
import { serveQueries } from '../../../query-svc/serve.ts';

export type QueryService = {
  readonly databases: Databases;
  readonly redis: Redis;
  readonly client: BankClient;
  /** An account with this many entries: it was opened, then 1.00 came in each time. */
  openAccount(version: number): Promise<string>;
  /** Brings the account to the version, as the projector would, without a notice. */
  deposit(accountId: string, version: number): Promise<void>;
  /** Everyone. */
  notify(): Promise<void>;
  notifyOf(accountIds: readonly string[]): Promise<void>;
  /** The service's own; `stop` is what a signal does. */
  readonly address: string;
  stop(): void;
  get(accountId: string, minVersion?: bigint, deadlineMs?: number): Promise<Account>;
  list(request: Partial<ListEntriesRequest>): ReturnType<typeof listEntries>;
  close(): Promise<void>;
};

const CENTS = 100n;

export async function startQueryService(env: Record<string, string> = {}): Promise<QueryService> {
  const databases = await openDatabases();
  const redisUrl = inject('stack').redisUrl;
  const redis = new Redis(redisUrl);
  const closers = new Closers();
  const config = readConfig({
    BANK_PROJECTION_STORE_URL: databases.projectionStoreUrl('bank_query'),
    BANK_REDIS_URL: redisUrl,
    BANK_QUERY_LISTEN: '127.0.0.1:0',
    BANK_INSTANCE: 'query-under-test',
    ...env,
  });
  const stopping = new AbortController();
  const context = { closers, log: silentLogger, stopping: stopping.signal };
  const address = await serveQueries(config, context);
  const client = createBankClient({ command: [address], query: [address], projector: [address] });
  const { projectionStore } = databases;
  const deposit = async (accountId: string, version: number) => {
    const balance = BigInt(version - 1) * CENTS;
    await projectionStore.query(DEPOSIT, [accountId, version, balance]);
  };
  return {
    databases,
    redis,
    client,
    openAccount: async (version) => {
      const accountId = randomUUID();
      for (let at = 1; at <= version; at++) await deposit(accountId, at);
      return accountId;
    },
    deposit,
    address,
    stop: () => stopping.abort(new Error('the test stops it')),
    notify: () => notify(projectionStore, EVERYONE),
    notifyOf: (ids) => {
      return notify(
        projectionStore,
        joinNames(new Set(ids.map((id) => noticeName(uuidToBytes(id))))),
      );
    },
    get: async (accountId, minVersion = 0n, deadlineMs = 5_000) => {
      const { queries } = client;
      const request = { accountId, minVersion };
      const answer = await unaryCall(queries.getAccount.bind(queries), request, { deadlineMs });
      if (answer.account === undefined) throw new Error('an answer without an account');
      return answer.account;
    },
    list: (request) => listEntries(client, request),
    close: async () => {
      client.close();
      await closers.closeAll();
      await redis.quit();
      await databases.close();
    },
  };
}

async function notify(pool: Databases['projectionStore'], notice: string): Promise<void> {
  await pool.query('select pg_notify($1, $2)', ['bank_changed_accounts', notice]);
}

function listEntries({ queries }: BankClient, request: Partial<ListEntriesRequest>) {
  return unaryCall(queries.listEntries.bind(queries), ListEntriesRequest.fromPartial(request));
}

/** One statement, one transaction: a reader sees the balance and its entry together. */
const DEPOSIT = `
  with given as (select $1::uuid as id, $2::bigint as version, $3::bigint as balance),
  entry as (
    insert into entries (account_id, version, type, recorded_at, amount_minor, balance_after_minor,
      currency_code, operation_id, submission_id, item_index, reference, value_date)
    select id, version, case when version = 1 then 1 else 2 end, '2026-01-30T23:30:00.123456Z',
      case when version = 1 then 0 else 100 end, balance, 'EUR', null, 'payroll', version,
      'ref ' || version, null
    from given
  )
  insert into balances (account_id, tenant, version, currency_code, balance_minor, held_minor,
    overdraft_limit_minor, status, debits_frozen, credits_frozen, owner, labels, opened_at,
    updated_at, projected_at)
  select id, '', version, 'EUR', balance, 25, 50, 1, false, false, 'Ann', '{"team":"a"}', now(),
    now(), now()
  from given
  on conflict (account_id) do update
    set version = excluded.version, balance_minor = excluded.balance_minor, projected_at = now()`;
