/** Unary methods as promises: a deadline is the caller's, longer or shorter than the default. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectBank, type Bank } from '#client/connect-bank.ts';
import { BankError } from '#client/bank-error.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import {
  AccountQueryServiceService,
  GetAccountResponse,
} from '#proto/bank/v1/account_query_service.ts';
import { CONTRACT_METHODS } from '#test/support/contract-methods.ts';

const { server, serve, drain } = createGrpcServer({ log: silentLogger });
let bank: Bank;
let deadline: Date | number = 0;

beforeAll(async () => {
  const queries = {
    getAccount: (
      call: { getDeadline: () => Date | number },
      answer: (error: null, response: GetAccountResponse) => void,
    ) => {
      deadline = call.getDeadline();
      answer(null, GetAccountResponse.fromPartial({}));
    },
    listAccounts: () => undefined, // never answered
  };
  server.addService(AccountQueryServiceService, unimplemented(AccountQueryServiceService, queries));
  bank = connectBank({ query: await serve({ host: '127.0.0.1', port: 0 }) });
});
afterAll(async () => {
  bank.close();
  await drain(0);
});

test.each([
  [undefined, 10_000],
  [60_000, 60_000],
])('a call with a deadline of %s ms has %s ms', async (deadlineMs, expected) => {
  const startedMs = Date.now();
  await bank.getAccount({}, deadlineMs === undefined ? {} : { deadlineMs });
  const leftMs = Number(deadline) - startedMs;
  expect(leftMs).toBeGreaterThan(expected - 500);
  expect(leftMs).toBeLessThan(expected + 2_000);
});

test('one that has passed is a BankError', async () => {
  const call = bank.listAccounts({}, { deadlineMs: 20 });
  const error = await call.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(BankError);
  expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: '', method: 'ListAccounts' });
});

test('each method of the contract is a method of the bank', () => {
  const names = CONTRACT_METHODS.map(({ localName }) => localName);
  expect(Object.keys(bank)).toEqual(expect.arrayContaining(names));
});
