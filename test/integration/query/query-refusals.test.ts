/** Each reason that a query can be refused for, provoked on real stores, a row a case. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Closers } from '#platform/closers.ts';
import { unaryCall } from '#client/unary-call.ts';
import { startCuttingProxy } from '#test/support/cutting-proxy.ts';
import { until } from '#test/support/until.ts';
import { deposited, lifeOf, opened, project, rewind, withdrawn } from './projected-lives.ts';
import { exportStatement, refusalOf, watchAccount } from './query-calls.ts';
import { QUERY_REFUSALS, type QueryGround } from './query-refusals.ts';
import { startQueryService, type QueryService } from './query-service.ts';

const MOST = 2n ** 63n - 1n;

const closers = new Closers();
let ground: QueryGround;

beforeAll(async () => {
  const service = await start({ BANK_QUERY_WAIT_MAX_MS: '300' });
  const { projectionStore } = service.databases;
  const [account, huge] = [randomUUID(), randomUUID()];
  await project(projectionStore, lifeOf(account, [opened()]));
  const twiceTheMost = [deposited(MOST, MOST), withdrawn(MOST, 0n), deposited(MOST, MOST)];
  await project(projectionStore, lifeOf(huge, [opened(), ...twiceTheMost]));
  const brief = await start({ BANK_QUERY_STREAM_AGE_MAX_MS: '100' });
  ground = {
    client: service.client,
    away: await awayFrom(service),
    full: await fullOne(),
    brief: brief.client,
    account,
    huge,
    rewound: await rewoundIn(service),
  };
});
afterAll(() => closers.closeAll());

describe('a query', () => {
  test.each(QUERY_REFUSALS)('$method is refused $reason', async ({ code, reason, call }) => {
    expect(await call(ground)).toMatchObject({ code, reason });
  });
});

async function start(env: Record<string, string> = {}): Promise<QueryService> {
  const service = await startQueryService(env);
  closers.add('a query service', () => service.close());
  return service;
}

/** A replica that had the projection store when it began. */
async function awayFrom({ databases }: QueryService): Promise<QueryGround['away']> {
  const url = new URL(databases.projectionStoreUrl('bank_query'));
  const proxy = await startCuttingProxy({ host: url.hostname, port: Number(url.port) });
  url.host = `${proxy.host}:${proxy.port}`;
  const { client } = await start({ BANK_PROJECTION_STORE_URL: url.href });
  await proxy.close();
  return client;
}

/** One call waits, and that is all that may. */
async function fullOne(): Promise<QueryGround['full']> {
  const { client } = await start({ BANK_QUERY_WAITERS_MAX: '1', BANK_QUERY_WAIT_MAX_MS: '600000' });
  const { queries } = client;
  const get = (minVersion: bigint, deadlineMs: number) => {
    const request = { accountId: randomUUID(), minVersion };
    return unaryCall(queries.getAccount.bind(queries), request, { deadlineMs });
  };
  get(99n, 600_000).catch(() => undefined); // until the service is closed
  await until('the place is taken', async () => {
    return (await refusalOf(get(98n, 100))).reason === 'QUEUE_FULL';
  });
  return client;
}

async function rewoundIn({ client, databases }: QueryService): Promise<QueryGround['rewound']> {
  const accountId = randomUUID();
  await project(databases.projectionStore, lifeOf(accountId, [opened(), deposited(1n, 1n)]));
  const watch = watchAccount(client, { accountId });
  const { resumeToken: watchToken } = await watch.message(1);
  watch.call.cancel();
  const statement = exportStatement(client, { accountId });
  const { resumeToken: statementToken } = await statement.message(1);
  await statement.ended;
  await rewind(databases.projectionStore, accountId, 1);
  return { accountId, watchToken, statementToken };
}
