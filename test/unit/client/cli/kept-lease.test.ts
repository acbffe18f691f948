/** A lease kept through a bank that fails: a real gRPC server that answers as it is told. */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keepLease } from '#client/cli/kept-lease.ts';
import { connectBank, type Bank } from '#client/connect-bank.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import {
  BulkModeServiceService,
  EndBulkModeResponse,
  RenewBulkModeResponse,
  type EndBulkModeRequest,
} from '#proto/bank/v1/bulk_mode_service.ts';
import { until } from '#test/support/until.ts';

const LEASE = '0b6f6d0e-3a53-4a8e-9d8e-5c1b8a1f4f10';
const { server, serve, drain } = createGrpcServer({ log: silentLogger });
let bank: Bank;
let renewals = 0;
const ended: string[] = [];
let said: string[] = [];
let stopping: AbortController;
/** Throws what the bank refuses with. */
let renew: () => void;
let end: () => void;

beforeAll(async () => {
  const handlers = {
    renewBulkMode: unary(silentLogger, () => {
      renewals += 1;
      renew();
      return Promise.resolve(RenewBulkModeResponse.create());
    }),
    endBulkMode: unary(silentLogger, ({ leaseId }: EndBulkModeRequest) => {
      ended.push(leaseId);
      end();
      return Promise.resolve(EndBulkModeResponse.create());
    }),
  };
  server.addService(BulkModeServiceService, unimplemented(BulkModeServiceService, handlers));
  const address = await serve({ host: '127.0.0.1', port: 0 });
  bank = connectBank({ command: address });
});
afterAll(async () => {
  bank.close();
  await drain(0);
});
beforeEach(() => {
  renewals = 0;
  said = [];
  ended.length = 0;
  stopping = new AbortController();
  renew = end = () => undefined;
});

const keep = (ttlMs: number): Promise<void> => {
  const { signal } = stopping;
  return keepLease({ connect: () => bank, signal, say: (line) => said.push(line) }, LEASE, ttlMs);
};

const away = () => refusal(status.UNAVAILABLE, 'BULK_MODE_UNAVAILABLE', 'no answer from Redis');

test('is renewed on while the bank is away and the lease has time left', async () => {
  let failures = 6; // the channel makes four tries of one call
  renew = () => {
    if (failures-- > 0) throw away();
  };
  const kept = keep(2_400);
  await Promise.race([kept, until('it is renewed', () => failures < 0)]);
  stopping.abort();
  await kept;
  expect(ended).toEqual([LEASE]);
  expect(said.slice(1)).toEqual([
    'the lease could not be renewed (BULK_MODE_UNAVAILABLE): trying again',
    'bulk mode has ended',
  ]);
});

test('is given up with its time, and then ended at best', async () => {
  renew = end = () => {
    throw away();
  };
  await expect(keep(300)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(ended).toContain(LEASE);
  expect(said.at(-1)).toBe('the lease could not be ended; it ends by itself');
});

test('is ended when it cannot be renewed any more', async () => {
  renew = () => {
    throw refusal(status.PERMISSION_DENIED, 'MISSING_SCOPE', 'the token lacks bank.bulk');
  };
  await expect(keep(300)).rejects.toMatchObject({ reason: 'MISSING_SCOPE' });
  expect(renewals).toBe(1);
  expect(ended).toEqual([LEASE]);
  expect(said.at(-1)).toBe('bulk mode has ended');
});
