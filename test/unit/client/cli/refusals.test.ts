/**
 * What is said of a command that the bank refuses, or of which nobody knows what became: from a
 * real gRPC server that answers as it is told.
 */
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { unary } from '#platform/unary.ts';
import {
  AccountCommandServiceService,
  DepositResponse,
  type DepositRequest,
} from '#proto/bank/v1/account_command_service.ts';
import { runCli, type CliRun } from '#test/support/bank-cli.ts';

const ID = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
const OPERATION = 'b81f4c02-6d3a-4e97-a5c8-7f20d19e6b34';
const { server, serve, drain } = createGrpcServer({ log: silentLogger });
const requests: DepositRequest[] = [];
let answer: () => Promise<DepositResponse>;
let address: string;

beforeAll(async () => {
  const deposit = unary(silentLogger, (request: DepositRequest) => {
    requests.push(request);
    return answer();
  });
  const commands = unimplemented(AccountCommandServiceService, { deposit });
  server.addService(AccountCommandServiceService, commands);
  address = await serve({ host: '127.0.0.1', port: 0 });
});
afterAll(() => drain(0));

function deposit(...more: string[]): Promise<CliRun> {
  const command = ['deposit', ID, '12.50 EUR', ...more];
  return runCli([...command, '--command-address', address]);
}

test('a command has an operation id before it is sent, and says so', async () => {
  const stored = DepositResponse.fromPartial({ receipt: { accountId: ID, version: 2n } });
  answer = () => Promise.resolve(stored);
  const { stderr, exitCode } = await deposit('--reference', 'Salary', '--if-version', '1');
  const sent = requests.at(-1);
  expect(stderr).toBe(`operation ${sent?.operationId}\n`);
  expect(sent).toMatchObject({
    accountId: ID,
    amount: { currencyCode: 'EUR', minorUnits: 1250n },
    reference: 'Salary',
    expectedVersion: 1n,
    validateOnly: false,
  });
  expect(exitCode).toBe(0);
});

test('a refusal: its reason, its sentence, and what to do next', async () => {
  answer = () => {
    throw refusal(status.NOT_FOUND, 'ACCOUNT_NOT_FOUND', 'there is no such account');
  };
  expect(await deposit('--operation-id', OPERATION)).toEqual({
    stdout: '',
    stderr:
      'bank: Deposit was refused, ACCOUNT_NOT_FOUND: there is no such account\n' +
      'next: check the id: `bank list` shows accounts.' +
      ' A query for one of a moment ago: --min-version 1\n',
    exitCode: 1,
  });
});

test('malformed fields: each with its rule', async () => {
  answer = () => {
    throw invalidArgument([
      { field: 'amount.minor_units', description: 'must be above 0' },
      { field: 'reference', description: 'must not hold control characters' },
    ]);
  };
  const { stderr, exitCode } = await deposit('--operation-id', OPERATION);
  expect(stderr).toBe(
    'bank: Deposit was refused, INVALID_ARGUMENT: wrong fields\n' +
      '  amount.minor_units: must be above 0\n' +
      '  reference: must not hold control characters\n',
  );
  expect(exitCode).toBe(1);
});

test('an outcome that nobody knows: the very line to send again, without the token', async () => {
  answer = () => {
    throw refusal(status.DEADLINE_EXCEEDED, 'OUTCOME_UNKNOWN', 'it may be stored');
  };
  const { stderr, exitCode } = await deposit('--reference', "Ada's", '--token', 'secret');
  const { operationId } = requests.at(-1) ?? {};
  expect(stderr).toBe(
    `operation ${operationId}\n` +
      'bank: Deposit was not confirmed, OUTCOME_UNKNOWN: it may be stored\n' +
      'It may be stored, or not. This tells, and stores it once at most:\n' +
      `  bank deposit ${ID} '12.50 EUR' --reference 'Ada'\\''s' --token "$TOKEN"` +
      ` --command-address ${address} --operation-id ${operationId}\n`,
  );
  expect(exitCode).toBe(4);
});

test('a call that is not answered ends at --timeout, with its causes if asked', async () => {
  answer = () => new Promise(() => undefined);
  const { stderr, exitCode } = await deposit('--timeout', '30ms', '--verbose');
  expect(stderr).toContain('bank: Deposit was not answered in time.\n');
  const [, operationId] = /^operation (\S+)\n/.exec(stderr) ?? [];
  expect(stderr).toContain(` --operation-id ${operationId}\n`);
  expect(stderr).toContain('because: BankError: Deposit: DEADLINE_EXCEEDED');
  expect(exitCode).toBe(4);
});

test('Ctrl-C in the middle leaves the outcome open too', async () => {
  const stopping = new AbortController();
  answer = () => {
    stopping.abort();
    return new Promise(() => undefined);
  };
  const command = ['deposit', ID, '1 EUR', '--command-address', address];
  const { stderr, exitCode } = await runCli(command, { signal: stopping.signal });
  expect(stderr).toContain('bank: Interrupted.\nIt may be stored, or not.');
  expect(exitCode).toBe(130);
});
