/**
 * Files that pay the same accounts at once, by whichever call, in whatever messages and through
 * replicas of whatever limits: what is stored, and what each item is answered, are those of the
 * decider run alone over the order in which it was stored. Later files find replicas whose cached
 * states others have made old.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountState } from '#domain/account.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { accountsOfOnePartition, depositCommand, openCommand } from '#test/support/batch-bench.ts';
import { chainProblems } from '#test/support/check-events.ts';
import { EUR, on } from '#test/support/command-calls.ts';
import { commandOf } from '#test/support/commands.ts';
import { openReplicas, sendCut, WAY, type Way } from '#test/support/cut-files.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import type { IntakeReplica } from '#test/support/intake-replica.ts';
import { opening, wordOf } from '#test/support/operations.ts';
import { readEvents } from '#test/support/stored-rows.ts';
import { StoredOrder, type Asked, type Told } from '#test/support/stored-order.ts';
import { operation } from '#test/support/transfers.ts';

const ACCOUNTS = 3;

let databases: Databases;
let replicas: IntakeReplica[];

beforeAll(async () => {
  databases = await openDatabases();
  replicas = await openReplicas(databases);
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await databases.close();
});

const step = fc.record({
  kind: fc.constantFrom('open' as const, 'deposit' as const, 'withdraw' as const),
  account: fc.nat(ACCOUNTS - 1),
  amount: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) }, fc.constant(0)),
  operation: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const file = fc.record({ ...WAY, steps: fc.array(step, { minLength: 1, maxLength: 20 }) });
/** The files of a wave are sent at once, each wave when those before it are answered. */
const waves = fc.array(fc.array(file, { minLength: 1, maxLength: 4 }), {
  minLength: 2,
  maxLength: 5,
});

describe('files that share accounts', () => {
  it('store and answer what the decider says in the order of storing', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(waves, async (given) => {
        const accounts = [...accountsOfOnePartition(2), randomUUID()];
        const operations = Array.from({ length: 6 }, () => randomUUID());
        const order = new StoredOrder();
        for (const files of given) {
          const since = new Map(accounts.map((id) => [id, order.statesOf(id).length - 1]));
          const told = await Promise.all(
            files.map(({ steps, ...way }) =>
              send(
                way,
                steps.map((one) => madeOf(one, accounts, operations)),
              ),
            ),
          );
          expect(order.add(told)).toEqual([]);
          expect(told.flatMap((one) => order.check(one, since))).toEqual([]);
          for (const { words } of told) for (const word of words) seen.add(kindOf(word));
        }
        const events = await readEvents(databases, accounts);
        expect(chainProblems(events)).toEqual([]);
        for (const id of accounts) {
          const stored = events.filter((event) => event.account_id === id);
          const balances = stored.map(({ payload }) => Event.decode(payload).after?.balanceMinor);
          expect(balances).toEqual(order.statesOf(id).slice(1).map(balanceOf));
        }
      }),
      { numRuns: 30, endOnFailure: true }, // a race does not shrink
    );
    for (const word of EVERY_KIND) expect([...seen]).toContain(word);
  });
});

const EVERY_KIND = [
  'accepted',
  'replayed',
  'OPERATION_ID_REUSED',
  'INVALID_ITEM',
  'INSUFFICIENT_FUNDS',
  'ACCOUNT_NOT_FOUND',
];

const kindOf = (word: string): string =>
  word.endsWith('replayed') ? 'replayed' : word.startsWith('v') ? 'accepted' : word;

const balanceOf = (state: AccountState): bigint | undefined =>
  state.status === 'none' ? undefined : state.balanceMinor;

type Made = Asked & { sent: Operation };

function madeOf(
  { kind, account, amount, operation: place }: Step,
  accounts: readonly string[],
  operations: readonly string[],
): Made {
  const accountId = accounts[account] ?? '';
  if (kind === 'open') {
    return { accountId, command: openCommand(accountId), sent: opening(accountId) };
  }
  const operationId = operations[place ?? -1];
  const amountMinor = BigInt(amount);
  const content = { accountId, amountMinor, operationId };
  const command =
    kind === 'deposit'
      ? depositCommand(accountId, amountMinor, content)
      : commandOf('Withdraw', content);
  const said = { amount: EUR(amountMinor), operationId: operationId ?? '' };
  const sent = operation(on(accountId, { $case: kind, ...said }));
  return { accountId, command: amount === 0 ? undefined : command, sent };
}

async function send(way: Way, made: readonly Made[]): Promise<Told> {
  const { results, refused } = await sendCut(
    replicas,
    way,
    made.map(({ sent }) => sent),
  );
  const words = results.map((result) => wordOf(result).split(' ').slice(1).join(' '));
  return { asked: made, words, refused };
}
