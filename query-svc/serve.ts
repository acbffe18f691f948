/**
 * Wires query-svc: connections, the reader with its cache and watch, the server. Serves when the
 * projection's schema is there; without Redis it serves, only slower. Everything that it opens is
 * closed by the context.
 */
import { auditRefusals } from '#platform/audited-refusals.ts';
import { createGrpcServer, type Starting } from '#platform/grpc-server.ts';
import { openLeasedMode } from '#platform/leased-mode.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { EVERYONE } from '#platform/notice-names.ts';
import { listen } from '#platform/postgres-listen.ts';
import { createPool, waitForSchema } from '#platform/postgres.ts';
import { quotasOf } from '#platform/quotas.ts';
import { closeRedis, createRedis } from '#platform/redis.ts';
import { watchStore } from '#platform/store-watch.ts';
import { createAccountCache } from './account-cache.ts';
import { createAccountChanges } from './account-changes.ts';
import { ACCOUNT_QUERIES, accountQueries } from './account-queries.ts';
import { createAccountReader } from './account-reader.ts';
import { QUERY_SCOPES } from './call-scopes.ts';
import type { QueryConfig } from './config.ts';
import { createProjectionWatch } from './projection-watch.ts';
import { readAccounts } from './sql/read-accounts.ts';

/** The newest migration of the projection store that this code needs. */
const SCHEMA_NUMBER = 1;
/** Where the projector names the accounts that have changed; polls make up for missed notices. */
const CHANNEL = 'bank_changed_accounts';
/** The leases' name in Redis, the same in every service. */
const BULK_MODE = 'bulk_mode';
const SERVICE = 'query-svc';

/** Until the projection store is there. */
const STARTING: Starting = {
  services: [ACCOUNT_QUERIES],
  reason: 'PROJECTION_UNAVAILABLE',
  message: 'the service has not started: it waits for the projection store',
};

/** Answers host:port. */
export async function serveQueries(
  config: QueryConfig,
  { closers, log, stopping }: Pick<ServiceContext, 'closers' | 'log' | 'stopping'>,
): Promise<string> {
  const { projectionStoreUrl: url, redisUrl, instance, normal: off, bulk: on } = config;
  const names = { name: BULK_MODE, service: SERVICE, instance };
  const mode = openLeasedMode({ redisUrl, ...names, off, on, log });
  closers.add('bulk mode', mode.close);
  const refusals = auditRefusals(log);
  const outermost = refusals.interceptor;
  const quotas = quotasOf(config, { closers, log });
  const { server: limits, auth, tls } = config;
  const access = { auth, scopes: QUERY_SCOPES, quotas };
  const grpc = createGrpcServer({ log, limits, tls, access, outermost });
  // This service may write nothing: its refusals of rights are lines of its log.
  refusals.writeTo(async (entries) => {
    for (const entry of entries) log.warn('A call was refused for want of rights.', entry);
    return Promise.resolve();
  });
  closers.add('audited refusals', refusals.close);
  const address = await grpc.listen(config.listen, STARTING);
  closers.add('listener', () => grpc.drain(0));
  const db = createPool({
    url,
    applicationName: instance,
    metricName: 'queries',
    maxConnections: config.connectionsMax,
    statementTimeoutMs: config.statementTimeoutMs,
    log,
  });
  closers.add('projection store', () => db.end());
  await waitForSchema(db, SCHEMA_NUMBER, { log, stopping }, 'the projection store');

  const redis = createRedis(redisUrl, 'cache', log);
  closers.add('redis', () => closeRedis(redis));
  const cache = createAccountCache(redis, config, mode.settings, log);

  const watch = createProjectionWatch((ids) => readAccounts(db, ids), config, log);
  const changes = createAccountChanges(db, log);
  const wake = (notice: string): void => {
    watch.wake();
    changes.wake(notice);
  };
  const notices = listen({
    url,
    applicationName: `${instance}-listen`,
    channel: CHANNEL,
    log,
    onNotice: (notice) => wake(notice),
    onListening: () => wake(EVERYONE),
  });
  closers.add('notices', notices.close);

  const reader = createAccountReader(db, cache, watch, config);
  const context = { db, reader, log, stopping };
  grpc.server.addService(ACCOUNT_QUERIES, accountQueries(context, changes, config));
  closers.add('server', () => grpc.drain(config.drainMs));
  closers.add('watch', watch.close);
  closers.add('account changes', changes.close);
  const store = watchStore({
    url,
    applicationName: `${instance}-health`,
    store: 'The projection store',
    log,
    setServing: (serving) => grpc.setServing('', serving),
  });
  closers.add('store watch', store.stop);
  grpc.open();
  return address;
}
