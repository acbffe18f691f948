/**
 * Commands of the client carry an operation id of their own, the same through the channel's
 * retries.
 */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import { isUuid } from '#platform/uuid.ts';
import {
  AccountCommandServiceService,
  DepositRequest,
  DepositResponse,
  GetOperationResponse,
  type GetOperationRequest,
} from '#proto/bank/v1/account_command_service.ts';

const { server, serve, drain } = createGrpcServer({ log: silentLogger });
const seen: string[] = [];
let failures = 0;
let client: BankClient;

beforeAll(async () => {
  const handlers = {
    deposit: unary(silentLogger, ({ operationId }: DepositRequest) => {
      seen.push(operationId);
      if (failures-- > 0) throw refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', 'try again');
      return Promise.resolve(DepositResponse.fromPartial({}));
    }),
    getOperation: unary(silentLogger, ({ operationId }: GetOperationRequest) => {
      seen.push(operationId);
      return Promise.resolve(GetOperationResponse.fromPartial({}));
    }),
  };
  const service = unimplemented(AccountCommandServiceService, handlers);
  server.addService(AccountCommandServiceService, service);
  const address = await serve({ host: '127.0.0.1', port: 0 });
  client = createBankClient({ command: [address], query: [address], projector: [address] });
});
beforeEach(() => void seen.splice(0));
afterAll(async () => {
  client.close();
  await drain(500);
});

const deposit = (operationId: string) => {
  const { accounts } = client;
  const request = DepositRequest.fromPartial({ operationId });
  return unaryCall(accounts.deposit.bind(accounts), request);
};

test('a command without one gets one, and keeps it when it is sent again', async () => {
  failures = 2;
  await deposit('');
  expect(seen).toHaveLength(3);
  expect(isUuid(seen[0] ?? '')).toBe(true);
  expect(new Set(seen).size).toBe(1);
});

test('two commands get two', async () => {
  await deposit('');
  await deposit('');
  expect(new Set(seen).size).toBe(2);
});

test("one of the caller's own is left as it is", async () => {
  await deposit('mine');
  expect(seen).toEqual(['mine']);
});

test('a look-up without one is sent as it is', async () => {
  const { accounts } = client;
  const request = { accountId: '', operationId: '' };
  await unaryCall(accounts.getOperation.bind(accounts), request);
  expect(seen).toEqual(['']);
});
