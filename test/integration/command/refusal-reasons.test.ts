/**
 * Each reason that a command can be refused for, provoked through gRPC on a real event store:
 * alone, as an operation of SubmitBatch, and with validate_only.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountAfter, on, request, send, type CommandCase } from '#test/support/command-calls.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { failureOf, openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import { submitBatch, tryOperations } from '#test/support/operations.ts';
import { naming, PAIR_REFUSALS, type OtherAccount } from '#test/support/pair-refusals.ts';
import { REFUSAL_ROWS } from '#test/support/refusal-rows.ts';

let databases: Databases;
let replica: IntakeReplica;

beforeAll(async () => {
  databases = await openDatabases();
  replica = await openIntakeReplica(databases.eventStoreUrl('bank_command'), 'refusals');
});

afterAll(async () => {
  await replica.close();
  await databases.close();
});

describe('a refusal', () => {
  it.each(REFUSAL_ROWS.map((row, at) => ({ at, row, name: `${row[2].$case} ${row[1]}` })))(
    '$at: $name, alone, in a batch, in a trial and in a stream of trials',
    async ({ row }) => {
      const [code, why, command, before] = row;
      const accountId = await accountAfter(replica, ...before);
      await expectRefused(command.accountId ?? accountId, command, [code, why]);
    },
  );

  it.each(PAIR_REFUSALS.map((row, at) => ({ at, row, name: `${row[2].$case} ${row[1]}` })))(
    '$at: of two accounts, $name, alone, in a batch, in a trial and in a stream of trials',
    async ({ row }) => {
      const [code, why, command, here, there] = row;
      const other = await openOther(there);
      const at = (one: CommandCase): CommandCase => naming(other, one);
      const accountId = await accountAfter(replica, ...here.map(at));
      if (typeof there !== 'string') {
        for (const one of there) await send(replica, on(other, one));
      }
      await expectRefused(command.accountId ?? accountId, at(command), [code, why]);
    },
  );
});

async function expectRefused(
  accountId: string,
  command: CommandCase,
  [code, why]: readonly [status, string],
): Promise<void> {
  const wanted = on(accountId, command);
  expect(await failureOf(send(replica, wanted))).toBe(`${code} ${why}`);
  const trial = on(accountId, { ...command, validateOnly: true });
  expect(await failureOf(send(replica, trial))).toBe(`${code} ${why}`);
  const { results } = await submitBatch(replica, randomUUID(), [{ command: wanted }]);
  const outcome = results[0]?.outcome;
  const refused = outcome?.$case === 'rejection' ? outcome.value : undefined;
  expect(refused?.reason).toBe(code === status.INVALID_ARGUMENT ? 'INVALID_ITEM' : why);
  expect(refused?.message).not.toBe('');
  const [tried] = await tryOperations(replica, [{ command: wanted }]);
  expect(tried?.outcome).toEqual(outcome);
}

/** Answers its id. */
async function openOther(there: OtherAccount): Promise<string> {
  const accountId = randomUUID();
  const currencyCode = there === 'of dollars' ? 'USD' : 'EUR';
  if (there !== 'absent') await send(replica, request('openAccount', { accountId, currencyCode }));
  return accountId;
}
