/**
 * Every command of one account through gRPC on a real event store: what its receipts say, alone and
 * in one batch.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { timestampFromMicros } from '#platform/timestamps.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { failureOf, openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import { submitBatch } from '#test/support/operations.ts';
import { until } from '#test/support/until.ts';
import { OPEN_HOLDS_MAX } from '#domain/holds.ts';
import {
  accountAfter,
  EUR,
  on,
  request,
  send,
  type CommandCase,
} from '#test/support/command-calls.ts';

let databases: Databases;
let replica: IntakeReplica;

beforeAll(async () => {
  databases = await openDatabases();
  replica = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'commands');
});

afterAll(async () => {
  await replica.close();
  await databases.close();
});

const YEAR_2090 = timestampFromMicros(3_786_912_000_000_000n);
const reason = 'because';

describe("an account's life", () => {
  it('in deposits, holds and captures adds up in every receipt', async () => {
    const accountId = await accountAfter(replica, { $case: 'deposit', amount: EUR(1_000n) });
    const holdId = randomUUID();
    const told = async (command: CommandCase) => {
      const { receipt, hold } = await send(replica, on(accountId, command));
      const { version, balance, available } = receipt ?? {};
      const left = hold?.remaining?.minorUnits;
      return [version, balance?.minorUnits, available?.minorUnits, left].map(String).join(' ');
    };
    const hold = { holdId, expiresAt: YEAR_2090 };
    expect(await told({ $case: 'placeHold', amount: EUR(600n), ...hold })).toBe('3 1000 400 600');
    expect(await told({ $case: 'captureHold', holdId, amount: EUR(100n) })).toBe('4 900 400 500');
    expect(await told({ $case: 'captureHold', holdId, amount: EUR(200n) })).toBe('5 700 400 300');
    expect(await told({ $case: 'captureHold', holdId, amount: EUR(50n), releaseRest: true })).toBe(
      '6 650 650 0',
    );
    expect(await told({ $case: 'setOverdraftLimit', overdraftLimit: EUR(10n) })).toBe(
      '7 650 660 undefined',
    );
    expect(await told({ $case: 'withdraw', amount: EUR(660n) })).toBe('8 -10 0 undefined');
    const freeze = { $case: 'freezeAccount', debits: true, credits: true, reason } as const;
    expect(await told(freeze)).toBe('9 -10 0 undefined');
    expect(await told({ $case: 'unfreezeAccount', reason })).toBe('10 -10 0 undefined');
    expect(await told({ $case: 'deposit', amount: EUR(10n) })).toBe('11 0 10 undefined');
    expect(await told({ $case: 'closeAccount', reason: '' })).toBe('12 0 10 undefined');
  });

  it('tells a hold again as the first time, whatever has happened since', async () => {
    const accountId = await accountAfter(replica, { $case: 'deposit', amount: EUR(100n) });
    const [placing, capturing] = [randomUUID(), randomUUID()];
    const place = on(accountId, {
      $case: 'placeHold',
      amount: EUR(80n),
      expiresAt: YEAR_2090,
      operationId: placing,
    });
    const placed = await send(replica, place);
    const holdId = placed.hold?.holdId ?? '';
    const capture = on(accountId, {
      $case: 'captureHold',
      holdId,
      amount: EUR(30n),
      operationId: capturing,
    });
    const captured = await send(replica, capture);
    expect(captured.hold).toEqual({ holdId, remaining: EUR(50n), expiresAt: YEAR_2090 });
    await send(replica, on(accountId, { $case: 'releaseHold', holdId }));
    for (const [command, first] of [
      [place, placed],
      [capture, captured],
    ] as const) {
      const again = await send(replica, command);
      expect(again.hold).toEqual(first.hold);
      expect(again.receipt).toMatchObject({
        version: first.receipt?.version,
        available: first.receipt?.available,
        replayed: true,
      });
    }
  });

  it('undoes a deposit, a withdrawal and a capture, each once', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID()] as const;
    const holdId = randomUUID();
    const accountId = await accountAfter(
      replica,
      { $case: 'deposit', amount: EUR(100n), operationId: ids[0] },
      { $case: 'deposit', amount: EUR(500n) },
      { $case: 'withdraw', amount: EUR(30n), operationId: ids[1] },
      { $case: 'placeHold', amount: EUR(20n), holdId },
      { $case: 'captureHold', holdId, operationId: ids[2] },
    );
    const balances = [];
    for (const reversedOperationId of ids) {
      const undo = on(accountId, { $case: 'reverseOperation', reversedOperationId, reason });
      balances.push((await send(replica, undo)).receipt?.balance?.minorUnits);
      expect(await failureOf(send(replica, undo))).toBe('9 ALREADY_REVERSED');
    }
    expect(balances).toEqual([450n, 480n, 500n]);
  });

  it('is decided within one batch as one after the other', async () => {
    const accountId = randomUUID();
    const holdId = randomUUID();
    const operationId = randomUUID();
    const commands = [
      request('openAccount', { accountId, currencyCode: 'EUR' }),
      ...(
        [
          { $case: 'deposit', amount: EUR(100n), operationId },
          { $case: 'placeHold', amount: EUR(70n), holdId },
          { $case: 'withdraw', amount: EUR(40n) },
          { $case: 'captureHold', holdId, releaseRest: true, amount: EUR(10n) },
          { $case: 'releaseHold', holdId },
          { $case: 'reverseOperation', reversedOperationId: operationId, reason },
          { $case: 'setOverdraftLimit', overdraftLimit: EUR(50n), expectedVersion: 4n },
          { $case: 'reverseOperation', reversedOperationId: operationId, reason },
          { $case: 'reverseOperation', reversedOperationId: operationId, reason },
        ] as const
      ).map((command) => on(accountId, command)),
    ];
    const operations = commands.map((command) => ({ command }));
    const { results } = await submitBatch(replica, randomUUID(), operations);
    const words = results.map(({ outcome }) =>
      outcome?.$case === 'receipt' ? String(outcome.value.version) : outcome?.value.reason,
    );
    expect(words).toEqual([
      '1',
      '2',
      '3',
      'INSUFFICIENT_FUNDS',
      '4',
      'HOLD_NOT_FOUND',
      'INSUFFICIENT_FUNDS',
      '5',
      '6',
      'ALREADY_REVERSED',
    ]);
  });
});

describe('validate_only', () => {
  it('answers as usual and changes nothing', async () => {
    const accountId = await accountAfter(replica, { $case: 'deposit', amount: EUR(5n) });
    const trial = { $case: 'withdraw', amount: EUR(5n), validateOnly: true } as const;
    for (let n = 0; n < 2; n++) {
      const { receipt } = await send(replica, on(accountId, trial));
      expect(receipt).toMatchObject({ version: 3n, balance: EUR(0n), storedAt: undefined });
    }
    const { receipt } = await send(replica, on(accountId, { ...trial, validateOnly: false }));
    expect(receipt).toMatchObject({ version: 3n, balance: EUR(0n) });
    expect(receipt?.storedAt).toBeDefined();
  });
});

const HOLD = '99999999-9999-4999-8999-999999999999';
const rich: CommandCase = { $case: 'deposit', amount: EUR(100n) };
const holding: CommandCase = { $case: 'placeHold', amount: EUR(60n), holdId: HOLD };

describe('a hold', () => {
  it('whose time has passed is neither captured nor released, and frees its amount', async () => {
    const accountId = await accountAfter(replica, rich);
    const expiresAtMs = Date.now() + 500;
    const expiresAt = timestampFromMicros(BigInt(expiresAtMs) * 1000n);
    await send(replica, on(accountId, { ...holding, expiresAt }));
    await until('the hold has passed', () => Date.now() > expiresAtMs);
    const late = () => send(replica, on(accountId, { $case: 'captureHold', holdId: HOLD }));
    const release = () => send(replica, on(accountId, { $case: 'releaseHold', holdId: HOLD }));
    expect(await failureOf(late())).toBe('9 HOLD_EXPIRED');
    expect(await failureOf(release())).toBe('9 HOLD_EXPIRED');
    const { receipt } = await send(
      replica,
      on(accountId, { $case: 'withdraw', amount: EUR(100n) }),
    );
    expect(receipt).toMatchObject({ version: 5n, balance: EUR(0n), available: EUR(0n) });
    expect(await failureOf(late())).toBe('9 HOLD_EXPIRED');
    expect(await failureOf(release())).toBe('9 HOLD_EXPIRED');
  });

  it('is refused where an account has as many as it may', async () => {
    const accountId = await accountAfter(replica, { $case: 'deposit', amount: EUR(2_000n) });
    const place: CommandCase = { $case: 'placeHold', amount: EUR(1n) };
    const operations = Array.from({ length: OPEN_HOLDS_MAX + 1 }, () => ({
      command: on(accountId, place),
    }));
    const { receipt, results } = await submitBatch(replica, randomUUID(), operations);
    expect(receipt).toMatchObject({ accepted: 1_000n, rejected: 1n });
    expect(results.at(-1)?.outcome?.value).toMatchObject({ reason: 'QUOTA_EXCEEDED' });
    expect(await failureOf(send(replica, on(accountId, place)))).toBe('8 QUOTA_EXCEEDED');
    const close = on(accountId, { $case: 'closeAccount', reason: '' });
    expect(await failureOf(send(replica, close))).toBe('9 BALANCE_NOT_ZERO');
  });
});
