/**
 * What holds of every command alike: a stream with validate_only tells what would become of each
 * and stores nothing, and GetOperation tells what became of each, as its own call did.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccountCommandServiceService as UNARY } from '#proto/bank/v1/account_command_service.ts';
import { EntryType } from '#proto/bank/v1/entry_type.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { EUR, on, send, type CommandCase } from '#test/support/command-calls.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { callUnary, openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import { submitBatch, tryOperations, words } from '#test/support/operations.ts';

let databases: Databases;
let replica: IntakeReplica;

beforeAll(async () => {
  databases = await openDatabases();
  replica = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'operations');
});

afterAll(async () => {
  await replica.close();
  await databases.close();
});

const reason = 'because';

/** A life of one account, with every command in it, and what each leaves behind. */
function wholeLife(): { accountId: string; commands: [CommandCase, EntryType, string][] } {
  const [accountId, holdId, otherHold, deposited] = [
    randomUUID(),
    randomUUID(),
    randomUUID(),
    randomUUID(),
  ];
  const one = (
    command: CommandCase,
    type: EntryType,
    word: string,
  ): [CommandCase, EntryType, string] => [{ operationId: randomUUID(), ...command }, type, word];
  const commands = [
    one({ $case: 'openAccount', currencyCode: 'EUR' }, EntryType.ENTRY_TYPE_ACCOUNT_OPENED, 'v1=0'),
    one(
      { $case: 'deposit', amount: EUR(100n), operationId: deposited },
      EntryType.ENTRY_TYPE_MONEY_DEPOSITED,
      'v2=100',
    ),
    one({ $case: 'withdraw', amount: EUR(1n) }, EntryType.ENTRY_TYPE_MONEY_WITHDRAWN, 'v3=99'),
    one({ $case: 'placeHold', amount: EUR(9n), holdId }, EntryType.ENTRY_TYPE_HOLD_PLACED, 'v4=99'),
    one(
      { $case: 'captureHold', holdId, amount: EUR(4n), releaseRest: true },
      EntryType.ENTRY_TYPE_HOLD_CAPTURED,
      'v5=95',
    ),
    one(
      { $case: 'placeHold', amount: EUR(5n), holdId: otherHold },
      EntryType.ENTRY_TYPE_HOLD_PLACED,
      'v6=95',
    ),
    one({ $case: 'releaseHold', holdId: otherHold }, EntryType.ENTRY_TYPE_HOLD_RELEASED, 'v7=95'),
    one(
      { $case: 'setOverdraftLimit', overdraftLimit: EUR(50n) },
      EntryType.ENTRY_TYPE_OVERDRAFT_LIMIT_SET,
      'v8=95',
    ),
    one(
      { $case: 'freezeAccount', debits: true, reason },
      EntryType.ENTRY_TYPE_ACCOUNT_FROZEN,
      'v9=95',
    ),
    one({ $case: 'unfreezeAccount', reason }, EntryType.ENTRY_TYPE_ACCOUNT_UNFROZEN, 'v10=95'),
    one(
      { $case: 'reverseOperation', reversedOperationId: deposited, reason },
      EntryType.ENTRY_TYPE_OPERATION_REVERSED,
      'v11=-5',
    ),
    one({ $case: 'deposit', amount: EUR(5n) }, EntryType.ENTRY_TYPE_MONEY_DEPOSITED, 'v12=0'),
    one({ $case: 'closeAccount', reason: '' }, EntryType.ENTRY_TYPE_ACCOUNT_CLOSED, 'v13=0'),
  ];
  return { accountId, commands };
}

async function positions(): Promise<unknown> {
  const { rows } = await databases.eventStore.query('select sum(seq) as n from partition_heads');
  return rows;
}

describe('every command', () => {
  it('is tried in a stream as it would be stored, and nothing is', async () => {
    const { accountId, commands } = wholeLife();
    const operations = commands.map(([command]): Operation => ({
      command: on(accountId, command),
    }));
    // And what is refused after it: the account is closed.
    const late = { amount: EUR(1n) };
    operations.push({ command: on(accountId, { $case: 'deposit', ...late }) });
    operations.push({ command: on(accountId, { $case: 'withdraw', ...late }) });
    const before = await positions();
    const tried = words(await tryOperations(replica, operations));
    expect(await positions()).toEqual(before);
    const stored = words((await submitBatch(replica, randomUUID(), operations)).results);
    expect(tried).toEqual(stored);
    const expected = commands.map(([, , word], n) => `${n} ${word}`);
    expect(stored).toEqual([...expected, '13 ACCOUNT_CLOSED', '14 ACCOUNT_CLOSED']);
    // Tried once more: each has been executed.
    const again = words(await tryOperations(replica, operations));
    expect(again.slice(0, expected.length)).toEqual(expected.map((word) => `${word} replayed`));
  });

  it('is told by GetOperation as its own call was answered', async () => {
    const { accountId, commands } = wholeLife();
    for (const [command, type] of commands) {
      const { receipt } = await send(replica, on(accountId, command));
      const operationId = command.operationId ?? '';
      const found = await callUnary(replica.commands, UNARY.getOperation, {
        accountId,
        operationId,
      });
      expect(found).toEqual({
        receipt: { ...receipt, replayed: true },
        counterpartReceipt: undefined,
        type,
      });
    }
  });
});
