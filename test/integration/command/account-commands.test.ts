/**
 * Unary commands through gRPC on a real event store: receipts, repeats by operation id, refusals
 * with their codes, a full lane.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AccountCommandServiceService as COMMANDS,
  DepositRequest,
  OpenAccountRequest,
} from '#proto/bank/v1/account_command_service.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import {
  callUnary,
  failureOf,
  openIntakeReplica,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';

let databases: Databases;
let replica: IntakeReplica;

beforeAll(async () => {
  databases = await openDatabases();
  replica = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'unary');
});

afterAll(async () => {
  await replica.close();
  await databases.close();
});

const EUR = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });

async function open(request: Partial<OpenAccountRequest>) {
  const full = OpenAccountRequest.fromPartial({ currencyCode: 'EUR', ...request });
  return (await callUnary(replica.commands, COMMANDS.openAccount, full)).receipt;
}

async function deposit(request: Partial<DepositRequest>) {
  const full = DepositRequest.fromPartial({ amount: EUR(100n), ...request });
  return (await callUnary(replica.commands, COMMANDS.deposit, full)).receipt;
}

const operation = (accountId: string, operationId: string) =>
  callUnary(replica.commands, COMMANDS.getOperation, { accountId, operationId });

describe('OpenAccount', () => {
  it('makes an id where none is named, from the operation id where there is one', async () => {
    const operationId = randomUUID();
    const [first, again, other] = [
      await open({ operationId }),
      await open({ operationId: operationId.toUpperCase() }),
      await open({}),
    ];
    expect(first).toMatchObject({ version: 1n, operationId, replayed: false, balance: EUR(0n) });
    expect(again).toEqual({ ...first, replayed: true, storedAt: again?.storedAt });
    expect(other?.accountId).not.toBe(first?.accountId);
    expect(other?.accountId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it('refuses an id that is taken, and other content under the same operation', async () => {
    const accountId = randomUUID();
    const operationId = randomUUID();
    await open({ accountId, operationId });
    expect(await failureOf(open({ accountId }))).toBe('6 ACCOUNT_EXISTS');
    const changed = open({ accountId, operationId, owner: 'Bob' });
    expect(await failureOf(changed)).toBe('6 OPERATION_ID_REUSED');
  });
});

describe('Deposit', () => {
  it('answers what is stored, once for every operation', async () => {
    const account = await open({ overdraftLimit: EUR(50n) });
    const accountId = account?.accountId ?? '';
    const operationId = randomUUID();
    const first = await deposit({ accountId, operationId, reference: 'rent' });
    expect(first).toMatchObject({ version: 2n, balance: EUR(100n), available: EUR(150n) });
    await deposit({ accountId });
    const again = await deposit({ accountId, operationId, reference: 'rent' });
    expect(again).toMatchObject({ version: 2n, balance: EUR(100n), replayed: true });
    expect(await operation(accountId, operationId)).toMatchObject({
      type: 2,
      receipt: { version: 2n, balance: EUR(100n), available: EUR(150n), replayed: true },
    });
  });

  it('is refused by the rules of the domain, each with its code', async () => {
    const accountId = (await open({}))?.accountId ?? '';
    const usd = { currencyCode: 'USD', minorUnits: 1n };
    expect(await failureOf(deposit({ accountId: randomUUID() }))).toBe('5 ACCOUNT_NOT_FOUND');
    expect(await failureOf(deposit({ accountId, amount: usd }))).toBe('9 CURRENCY_MISMATCH');
    await deposit({ accountId, amount: EUR(2n ** 63n - 1n) });
    expect(await failureOf(deposit({ accountId }))).toBe('11 BALANCE_OVERFLOW');
  });

  it('is refused for its fields, all at once', async () => {
    const wrong = deposit({ accountId: 'x', amount: EUR(0n), valueDate: '2026-13-01' });
    expect(await failureOf(wrong)).toBe('3 account_id');
  });

  it('meets a full lane with QUEUE_FULL', async () => {
    const full = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'full', {
      around: (batcher) => ({ ...batcher, tryEnqueue: () => false, stop: () => batcher.stop() }),
    });
    const request = DepositRequest.fromPartial({ accountId: randomUUID(), amount: EUR(1n) });
    const call = callUnary(full.commands, COMMANDS.deposit, request);
    expect(await failureOf(call)).toBe('8 QUEUE_FULL');
    await full.close();
  });
});

describe('GetOperation', () => {
  it('of an operation that was never executed is OPERATION_NOT_FOUND', async () => {
    expect(await failureOf(operation(randomUUID(), randomUUID()))).toBe('5 OPERATION_NOT_FOUND');
    expect(await failureOf(operation('', 'x'))).toBe('3 account_id');
  });
});
