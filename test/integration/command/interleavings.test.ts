/**
 * However a file is cut into messages, by whichever call it goes and whatever the batches' limits
 * are: the accounts, and what each item is answered, are those of the decider run alone over the
 * items in their order.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evolve, NO_ACCOUNT, type AccountState } from '#domain/account.ts';
import { NO_FACTS } from '#test/support/commands.ts';
import { decide } from '#domain/decide.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { receiptState } from '../../../command-svc/event-codec.ts';
import { depositCommand, openCommand } from '#test/support/batch-bench.ts';
import { openReplicas, sendCut, WAY } from '#test/support/cut-files.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import type { IntakeReplica } from '#test/support/intake-replica.ts';
import { depositing, opening, wordOf } from '#test/support/operations.ts';

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

type Step =
  | { kind: 'open'; account: number }
  | { kind: 'deposit'; account: number; amount: number; operation: number | undefined };

const account = fc.nat(4);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('open' as const), account }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('deposit' as const),
      account,
      amount: fc.nat(3),
      operation: fc.option(fc.nat(5), { nil: undefined }),
    }),
  },
);

const file = fc.record({
  ...WAY,
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
});
type File = typeof file extends fc.Arbitrary<infer T> ? T : never;

type Sent = {
  file: File;
  accounts: string[];
  operations: Operation[];
  expected: string[];
  /** Of a batch that stands or falls together: the index that it falls by. */
  refusedAt: number | undefined;
};

describe('any cut, call and limits', () => {
  it('answer and store what the decider says alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        const all = files.map(prepared);
        const answers = await Promise.all(
          all.map((sent) => sendCut(replicas, sent.file, sent.operations)),
        );
        for (const [n, sent] of all.entries()) {
          const isRefused = sent.refusedAt !== undefined;
          expect(answers[n]?.refused?.index).toBe(sent.refusedAt);
          expect(answers[n]?.results.map(wordOf)).toEqual(isRefused ? [] : sent.expected);
          for (const id of sent.accounts) {
            expect(await stored(id)).toBe(isRefused ? undefined : newest(sent, id));
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** The items as they go out, and what must become of each. */
function prepared(given: File): Sent {
  const accounts = Array.from({ length: 5 }, () => randomUUID());
  const ids = Array.from({ length: 6 }, () => randomUUID());
  const states = new Map<string, AccountState>();
  const executed = new Map<string, { amount: number; word: string }>();
  const operations: Operation[] = [];
  const expected = given.steps.map((one, index) => {
    const id = accounts[one.account] ?? '';
    const operationId = one.kind === 'deposit' ? (ids[one.operation ?? -1] ?? '') : '';
    operations.push(
      one.kind === 'open' ? opening(id) : depositing(id, one.amount, { operationId }),
    );
    if (one.kind === 'deposit' && one.amount === 0) return `${index} INVALID_ITEM`;
    const amount = one.kind === 'deposit' ? one.amount : 0;
    const earlier = executed.get(id + operationId);
    if (operationId !== '' && earlier !== undefined) {
      const same = earlier.amount === amount;
      return `${index} ${same ? `${earlier.word} replayed` : 'OPERATION_ID_REUSED'}`;
    }
    const state = states.get(id) ?? NO_ACCOUNT;
    const command = one.kind === 'open' ? openCommand(id) : depositCommand(id, BigInt(amount));
    const decision = decide(state, command, NO_FACTS);
    if (!decision.accepted) return `${index} ${decision.rejection.reason}`;
    const after = decision.events.reduce<AccountState>(evolve, state);
    if (after.status === 'none') throw new Error('nothing happened');
    states.set(id, after);
    const word = `v${after.version}=${after.balanceMinor}`;
    executed.set(id + operationId, { amount, word });
    return `${index} ${word}`;
  });
  const firstRefused = expected.findIndex((word) => !/ v\d+=/.test(word));
  const falls = given.call === 'atomic' && firstRefused >= 0;
  const refusedAt = falls ? firstRefused : undefined;
  return { file: given, accounts, operations, expected, refusedAt };
}

/** The last word of the account in the file. */
function newest({ accounts, file: { steps }, expected }: Sent, id: string): string | undefined {
  let last: string | undefined;
  for (const [n, one] of steps.entries()) {
    const word = expected[n]?.split(' ').slice(1).join(' ') ?? '';
    if (accounts[one.account] === id && /^v\d+=\d+$/.test(word)) last = word;
  }
  return last;
}

async function stored(accountId: string): Promise<string | undefined> {
  const { rows } = await databases.eventStore.query<{ version: bigint; payload: Buffer }>(
    `select version, payload from events where account_id = $1 order by version desc limit 1`,
    [accountId],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return `v${row.version}=${receiptState(row.payload, row.version).balanceMinor}`;
}
