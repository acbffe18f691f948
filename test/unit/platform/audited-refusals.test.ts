/** Refusals of rights on a real server: each is told, and a flood of them is counted. */
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { BulkModeServiceClient, BulkModeServiceService } from '#proto/bank/v1/bulk_mode_service.ts';
import type { AuditEntry } from '#platform/audit.ts';
import { NO_AUTH } from '#platform/auth-settings.ts';
import { auditRefusals, type AuditedRefusals } from '#platform/audited-refusals.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import type { AccessOptions } from '#platform/server-access.ts';
import { unary } from '#platform/unary.ts';
import { bearing, openTokenIssuer } from '#test/support/token-issuer.ts';
import { until } from '#test/support/until.ts';
import { COMMAND_SCOPES } from '../../../command-svc/call-scopes.ts';

const ROWS_MAX = 5;
const CALLS = 20;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Served = { call: () => Promise<number>; refusals: AuditedRefusals };

async function serve(
  code: status,
  reason: string,
  { access = {}, metadata = new Metadata() }: { access?: AccessOptions; metadata?: Metadata } = {},
): Promise<Served> {
  const limits = { rowsAMinuteMax: ROWS_MAX, flushEveryMs: 5 };
  const refusals = auditRefusals(silentLogger, limits);
  const outermost = refusals.interceptor;
  const { server, serve, drain } = createGrpcServer({ log: silentLogger, outermost, access });
  const endBulkMode = unary(silentLogger, () =>
    Promise.reject(refusal(code, reason, 'you may not')),
  );
  server.addService(BulkModeServiceService, unimplemented(BulkModeServiceService, { endBulkMode }));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  const client = new BulkModeServiceClient(address, credentials.createInsecure());
  closers.push(
    () => client.close(),
    () => drain(1_000),
    () => refusals.close(),
  );
  const call = (): Promise<number> =>
    new Promise((resolve) => {
      client.endBulkMode({ leaseId: '' }, metadata, (error) => resolve(error?.code ?? status.OK));
    });
  return { call, refusals };
}

test('a refusal is told with method, address and reason', async () => {
  const { call, refusals } = await serve(status.PERMISSION_DENIED, 'MISSING_SCOPE');
  const told: AuditEntry[] = [];
  refusals.writeTo((entries) => Promise.resolve(void told.push(...entries)));
  expect(await call()).toBe(status.PERMISSION_DENIED);
  await until('the row', () => told.length > 0, { everyMs: 1 });
  expect(told).toMatchObject([
    {
      action: '/bank.v1.BulkModeService/EndBulkMode',
      result: 'PERMISSION_DENIED MISSING_SCOPE',
      caller: { subject: '', tenant: '' },
    },
  ]);
  expect(told[0]?.caller.peer).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('a flood is counted, also while nothing can be written', async () => {
  const { call, refusals } = await serve(status.UNAUTHENTICATED, 'INVALID_TOKEN');
  for (let n = 0; n < CALLS; n++) expect(await call()).toBe(status.UNAUTHENTICATED);
  const told: AuditEntry[] = [];
  refusals.writeTo((entries) => Promise.resolve(void told.push(...entries)));
  await refusals.close();
  expect(told).toHaveLength(ROWS_MAX + 1);
  expect(told.at(-1)?.detail).toBe(
    `${CALLS - ROWS_MAX} more refusals of this minute are not told one by one`,
  );
});

test('another refusal is no matter of rights', async () => {
  const { call, refusals } = await serve(status.FAILED_PRECONDITION, 'LEASE_EXPIRED');
  const told: AuditEntry[] = [];
  refusals.writeTo((entries) => Promise.resolve(void told.push(...entries)));
  expect(await call()).toBe(status.FAILED_PRECONDITION);
  await refusals.close();
  expect(told).toEqual([]);
});

test('who lacks a scope is told by name, who shows a wrong token by address', async () => {
  const issuer = await openTokenIssuer();
  closers.push(() => issuer.stop());
  const access = { auth: { ...NO_AUTH, tokens: issuer.settings }, scopes: COMMAND_SCOPES };
  const eve = { sub: 'eve', tenant: 'evil' };
  const told: AuditEntry[] = [];
  for (const seconds of [60, -60]) {
    const metadata = bearing(await issuer.token(eve, seconds));
    const { call, refusals } = await serve(status.INTERNAL, 'NEVER', { access, metadata });
    refusals.writeTo((entries) => Promise.resolve(void told.push(...entries)));
    await call();
    await refusals.close();
  }
  expect(told).toMatchObject([
    { result: 'PERMISSION_DENIED MISSING_SCOPE', caller: { subject: 'eve', tenant: 'evil' } },
    { result: 'UNAUTHENTICATED INVALID_TOKEN', caller: { subject: '', tenant: '' } },
  ]);
});
