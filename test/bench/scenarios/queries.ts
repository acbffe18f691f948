/**
 * GetAccount against a handler that does nothing, 64 in flight: of few accounts, which query-svc
 * answers from its cache, and of all warm accounts in turn, each of which has left the cache (one
 * second) before it is asked for again. Beside it pages of entries and batches of accounts.
 */
import {
  BatchGetAccountsRequest,
  GetAccountResponse,
  ListEntriesRequest,
  ListOrder,
} from '#proto/bank/v1/account_query_service.ts';
import { inOrder, uniformly } from '../account-ids.ts';
import type { Stores } from '../bank.ts';
import { requireEqual } from '../check-failed.ts';
import { PATHS, type RawClient } from '../raw-client.ts';
import { peersOf, type Scenario, type ScenarioContext } from '../scenario.ts';
import { getAccountRequests, runUnary } from '../unary-run.ts';

const SEED = 5;
const IN_FLIGHT = 64;
const HOT_ACCOUNTS = 20;
const CHECKED_ACCOUNTS = 50;
const PAGE_ENTRIES = 100;
const BATCH_ACCOUNTS = 1_000;
const BATCHES_IN_FLIGHT = 4;

export const queries: Scenario = {
  name: 'queries',
  needsPeers: true,
  figures: [
    'query.get_account_over_empty_handler',
    'query.get_account_cached_per_s',
    'query.get_account_not_cached_per_s',
    'query.list_entries_per_s',
    'query.batch_get_accounts_per_s',
  ],
  run: async (context) => {
    const { plan, measured, accounts, samples } = context;
    const { emptyHandler } = peersOf(context);
    const { query, stores } = measured.bank;
    const hot = uniformly(accounts.slice(0, HOT_ACCOUNTS), SEED);
    const hotRequests = getAccountRequests(hot, plan.unaryCalls);
    const allRequests = getAccountRequests(inOrder(accounts), plan.unaryCalls);
    const rateOf = async (client: RawClient, requests: readonly Buffer[]): Promise<number> => {
      const load = { path: PATHS.getAccount, requests, inFlight: IN_FLIGHT };
      return (await runUnary(client, load)).perSecond;
    };
    await rateOf(query, allRequests); // compiled; the same for both
    await rateOf(emptyHandler.client, hotRequests);
    for (let run = 0; run < plan.runs; run++) {
      const cached = await rateOf(query, hotRequests);
      const empty = await rateOf(emptyHandler.client, hotRequests);
      const notCached = await rateOf(query, allRequests);
      samples.add('query.get_account_cached_per_s', cached);
      samples.add('query.get_account_not_cached_per_s', notCached);
      samples.add('query.get_account_over_empty_handler.cached', cached / empty);
      samples.add('query.get_account_over_empty_handler.not_cached', notCached / empty);
    }
    await listsAndBatches(context);
    await checkAnswers(query, stores, accounts.slice(0, CHECKED_ACCOUNTS));
  },
};

/** The newest page of each account in turn; 1,000 accounts a call. */
async function listsAndBatches({ plan, measured, accounts, samples }: ScenarioContext) {
  const { query } = measured.bank;
  const next = inOrder(accounts);
  const pages = Array.from({ length: plan.unaryCalls / 4 }, () => {
    const order = ListOrder.LIST_ORDER_DESCENDING;
    const page = { accountId: next(), pageSize: PAGE_ENTRIES, order };
    return Buffer.from(ListEntriesRequest.encode(ListEntriesRequest.fromPartial(page)).finish());
  });
  const batches = Array.from({ length: plan.batchCalls }, () => {
    const accountIds = Array.from({ length: BATCH_ACCOUNTS }, next);
    return Buffer.from(BatchGetAccountsRequest.encode({ accountIds, minVersions: {} }).finish());
  });
  const lists = { path: PATHS.listEntries, requests: pages, inFlight: IN_FLIGHT };
  const many = { path: PATHS.batchGetAccounts, requests: batches, inFlight: BATCHES_IN_FLIGHT };
  for (let run = 0; run < plan.runs; run++) {
    samples.add('query.list_entries_per_s', (await runUnary(query, lists)).perSecond);
    samples.add('query.batch_get_accounts_per_s', (await runUnary(query, many)).perSecond);
  }
}

/** A rate counts only when what is answered is what the projection store holds. */
async function checkAnswers(
  query: RawClient,
  { projectionStore }: Stores,
  ids: readonly string[],
): Promise<void> {
  const { rows } = await projectionStore.query<{ account_id: string; balance_minor: bigint }>(
    'select account_id, balance_minor from balances where account_id = any($1::uuid[])',
    [ids],
  );
  const balances = new Map(rows.map((row) => [row.account_id, row.balance_minor]));
  const requests = getAccountRequests(inOrder(ids), ids.length);
  for (const [index, request] of requests.entries()) {
    const id = ids[index] ?? '';
    const { account } = GetAccountResponse.decode(await query.unary(PATHS.getAccount, request));
    requireEqual(`balance of ${id}`, account?.balance?.minorUnits, balances.get(id));
  }
}
