/**
 * A transfer that is asked for twice in one batch: the second answer holds nothing of the other
 * account, for who asks may not reach it.
 */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { decideBatch } from '../../../command-svc/decide-batch.ts';
import { absentAccount, NO_HOLD_FACTS } from '../../../command-svc/loaded-accounts.ts';
import { depositCommand, openCommand, settled } from '#test/support/batch-bench.ts';
import { commandOf } from '#test/support/commands.ts';

test('the second answer leaves the counterpart to be read for its own caller', () => {
  const [accountId, destinationAccountId, operationId] = Array.from({ length: 3 }, randomUUID);
  if (accountId === undefined || destinationAccountId === undefined) throw new Error('three ids');
  const ids = { accountId, destinationAccountId, operationId };
  const transfer = commandOf('Transfer', { ...ids, amountMinor: 1n });
  const opened = [openCommand(accountId), openCommand(destinationAccountId)];
  const commands = [...opened, depositCommand(accountId, 5n), transfer, transfer];
  const accounts = [accountId, destinationAccountId].map((id) => [id, absentAccount(id)] as const);
  const base = {
    known: 1n,
    knownBatchId: undefined,
    accounts: new Map(accounts),
    operations: new Map(),
    ...NO_HOLD_FACTS,
  };
  const items = commands.map((command) => settled(command).item);
  const [first, second] = decideBatch(base, items, 1n).decisions.slice(-2);
  const counterpart = { accountId: destinationAccountId };
  expect(first).toMatchObject({ kind: 'accepted', counterpart });
  expect(second).toMatchObject({ kind: 'replayed', event: { counterpart } });
  expect(second).toMatchObject({ counterpart: undefined });
});
