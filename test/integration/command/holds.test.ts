/**
 * Holds at the append, two replicas on one event store: a decision on a hold that another replica
 * has ended does not stand, whichever way it is found out; what has passed ends in the batch that
 * needs it, and a batch that would end more than one row can take goes on in the next.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '#domain/commands.ts';
import { OPEN_HOLDS_MAX } from '#domain/holds.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import { appendFast } from '../../../command-svc/append-fast.ts';
import { appendUnderHeads } from '../../../command-svc/append-under-heads.ts';
import type { ItemOutcome } from '../../../command-svc/batch-item.ts';
import { CACHED_HOLDS_MAX, DECIDED_BYTES_MAX } from '../../../command-svc/bounds.ts';
import {
  accountsOfOnePartition,
  batchOf,
  beforeAppend,
  laneOf,
  NO_LOCKS,
  openReplica,
  settled,
  type Replica,
} from '#test/support/batch-bench.ts';
import { commandOf } from '#test/support/commands.ts';
import type { Databases } from '#test/support/databases.ts';
import { openTwoReplicas, processed, type TwoReplicas } from '#test/support/two-replicas.ts';

/** So many that their passed holds do not fit into one row. */
const ACCOUNTS = 34;

let replicas: TwoReplicas;
let databases: Databases;
let a: Replica;
let b: Replica;

beforeAll(async () => {
  replicas = await openTwoReplicas();
  ({ databases, a, b } = replicas);
});

afterAll(() => replicas.close());

/** In one word each: the version, or why it was refused. */
async function run(replica: Replica, commands: readonly Command[]): Promise<string[]> {
  const items = commands.map((command) => settled(command));
  return (await processed(replica, items)).map(wordOf);
}

function wordOf(outcome: ItemOutcome | undefined): string {
  if (outcome?.kind === 'accepted') return String(outcome.after.version);
  return outcome?.kind === 'rejected' ? outcome.rejection.reason : String(outcome?.kind);
}

const opening = (accountId: string, amountMinor: bigint): Command[] => [
  commandOf('OpenAccount', { accountId }),
  commandOf('Deposit', { accountId, amountMinor }),
];

/** As if their time had passed. Accounts that are cached do not know of it. */
async function pass(accountIds: readonly string[]): Promise<void> {
  await databases.eventStore.query(
    `update open_holds set expires_at = now() - interval '1 second'
      where account_id = any($1::uuid[])`,
    [accountIds],
  );
}

async function openHolds(accountId: string): Promise<bigint> {
  const { rows } = await databases.eventStore.query<{ n: bigint }>(
    'select count(*) as n from open_holds where account_id = $1',
    [accountId],
  );
  return rows[0]?.n ?? 0n;
}

describe('a hold that another replica has ended', () => {
  it.each([
    ['with locks', (replica: Replica) => replica],
    [
      'without',
      (replica: Replica) => ({ ...replica, context: { ...replica.context, locks: NO_LOCKS } }),
    ],
  ])('is not captured again, %s', async (_name, with_) => {
    const accountId = randomUUID();
    const holdId = randomUUID();
    const hold = commandOf('PlaceHold', { accountId, holdId });
    expect(await run(a, [...opening(accountId, 100n), hold])).toEqual(['1', '2', '3']);
    const capture = commandOf('CaptureHold', { accountId, holdId });
    let captured: string[] = [];
    const slower = beforeAppend(with_(a), async () => {
      if (captured.length === 0) captured = await run(b, [capture]);
    });
    const words = await run(slower, [capture]);
    expect([...captured, ...words].toSorted()).toEqual(['4', 'HOLD_NOT_FOUND']);
    expect(await openHolds(accountId)).toBe(0n);
    expect(await run(a, [hold])).toEqual(['HOLD_EXISTS']);
    expect(await run(b, [hold])).toEqual(['HOLD_EXISTS']);
  });

  it('frees its amount for a replica that had it cached', async () => {
    const accountId = randomUUID();
    const holdId = randomUUID();
    const hold = commandOf('PlaceHold', { accountId, holdId });
    await run(a, [...opening(accountId, 100n), hold]);
    expect(await run(b, [commandOf('ReleaseHold', { accountId, holdId })])).toEqual(['4']);
    expect(await run(a, [commandOf('Withdraw', { accountId })])).toEqual(['5']);
  });
});

describe('an account that moves on while it is loaded', () => {
  it('is read again, with the holds that are of its version', async () => {
    const accountId = randomUUID();
    const [first, second] = [randomUUID(), randomUUID()];
    const hold = commandOf('PlaceHold', { accountId, holdId: first });
    await run(b, [...opening(accountId, 100n), hold]);
    const cold = openReplica(databases.eventStoreUrl('bank_command'), 'replica-cold');
    let moved: string[] = [];
    const replica = beforeQuery(cold, 'load-holds', async () => {
      if (moved.length > 0) return;
      const release = commandOf('ReleaseHold', { accountId, holdId: first });
      moved = await run(b, [release, { ...hold, holdId: second }]);
    });
    expect(await run(replica, [commandOf('CaptureHold', { accountId, holdId: second })])).toEqual([
      '6',
    ]);
    expect(moved).toEqual(['4', '5']);
    expect(cold.context.counts).toMatchObject({ fastAppends: 1, slowAppends: 0, collisions: 0 });
    await cold.close();
  });
});

/** The same replica, with `hook` run before each statement of that name. */
function beforeQuery(replica: Replica, name: string, hook: () => Promise<void>): Replica {
  const { eventStore } = replica.context;
  const query = async (...args: unknown[]): Promise<unknown> => {
    const [asked] = args;
    const isAsked = typeof asked === 'object' && asked !== null && 'name' in asked;
    if (isAsked && asked.name === name) await hook();
    return Reflect.apply(eventStore.query, eventStore, args);
  };
  const hooked = new Proxy(eventStore, {
    get: (target, key) => {
      const value: unknown = key === 'query' ? query : Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => Reflect.apply(value, target, args) as unknown;
    },
  });
  return { ...replica, context: { ...replica.context, eventStore: hooked } };
}

describe('an account of more holds than a lane keeps', () => {
  it('is decided on with all of them, in the order of placing', async () => {
    const accountId = randomUUID();
    const ids = Array.from({ length: CACHED_HOLDS_MAX + 4 }, () => randomUUID());
    const holds = ids.map((holdId) => commandOf('PlaceHold', { accountId, holdId }));
    await run(a, [...opening(accountId, 100_000n), ...holds]);
    expect(laneOf(a, accountId).accounts.has(accountId)).toBe(false);
    const captures = ids.map((holdId) => commandOf('CaptureHold', { accountId, holdId }));
    const words = await run(a, captures);
    expect(words).toEqual(ids.map((_, n) => String(ids.length + 3 + n)));
    expect(laneOf(a, accountId).accounts.has(accountId)).toBe(true);
  });
});

describe('holds that have passed', () => {
  it('end in the batch that needs them, and are told so from its row', async () => {
    const accountId = randomUUID();
    const hold = commandOf('PlaceHold', { accountId, amountMinor: 60n, holdId: randomUUID() });
    await run(b, [
      ...opening(accountId, 100n),
      hold,
      { ...hold, amountMinor: 40n, holdId: accountId },
    ]);
    await pass([accountId]);
    const items = [
      settled(commandOf('Deposit', { accountId, amountMinor: 1n })),
      settled(commandOf('Withdraw', { accountId, amountMinor: 101n, operationId: randomUUID() })),
      settled(commandOf('Deposit', { accountId, amountMinor: 1n })),
    ];
    const batch = batchOf(a, items);
    const since = laneOf(a, accountId).known ?? 0n;
    const stored = await appendFast(a.context, batch);
    if (stored === 'slow') throw new Error('the fast path did not stand');
    expect(stored.decisions.map(wordOf)).toEqual(['5', '8', '9']);
    batch.unanswered = { since, backend: undefined };
    const found = await appendUnderHeads(a.context, batch);
    expect(found.again).toEqual([]);
    expect(stored.decisions).toMatchObject(found.decisions);
    const { rows } = await databases.eventStore.query(
      `select version, type, operation_id is null as is_bare from events where account_id = $1
        order by version`,
      [accountId],
    );
    expect(rows.slice(5)).toEqual([
      { version: 6n, type: 9, is_bare: true },
      { version: 7n, type: 9, is_bare: true },
      { version: 8n, type: 3, is_bare: false },
      { version: 9n, type: 2, is_bare: true },
    ]);
    expect(await openHolds(accountId)).toBe(0n);
  });

  it('are never more in one row than a record takes: the rest goes in the next', async () => {
    const accounts = accountsOfOnePartition(ACCOUNTS);
    for (const accountId of accounts) {
      const holds = Array.from({ length: OPEN_HOLDS_MAX }, () =>
        commandOf('PlaceHold', { accountId, amountMinor: 1n, holdId: randomUUID() }),
      );
      await run(a, [...opening(accountId, BigInt(OPEN_HOLDS_MAX)), ...holds]);
    }
    await pass(accounts);
    const amountMinor = BigInt(OPEN_HOLDS_MAX);
    const words = await run(
      a,
      accounts.map((accountId) => commandOf('Withdraw', { accountId, amountMinor })),
    );
    expect(words).toEqual(accounts.map(() => String(2 * OPEN_HOLDS_MAX + 3)));
    const { rows } = await databases.eventStore.query<{ payload: Buffer }>(
      `select payload from outbox where partition = $1 order by seq desc limit 2`,
      [laneOf(a, accounts[0] ?? '').partition],
    );
    const counts = rows.map(({ payload }) => EventBatch.decode(payload).events.length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(ACCOUNTS * (OPEN_HOLDS_MAX + 1));
    for (const { payload } of rows) expect(payload.length).toBeLessThan(DECIDED_BYTES_MAX * 1.05);
  });
});
