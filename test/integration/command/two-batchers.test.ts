/**
 * Two replicas' batchers on one event store and one Redis, under a random mix of single commands,
 * bulk items and transfers on few accounts: each item is put off no more often than is configured,
 * is stored or refused once, and leaves neither a gap nor a fork.
 */
import { setImmediate } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { silentLogger } from '#platform/logger.ts';
import { createRedis } from '#platform/redis.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { createAccountLocks } from '../../../command-svc/account-locks.ts';
import type { BatchItem, SubmissionClaim } from '../../../command-svc/batch-item.ts';
import { createBatcher, type Batcher } from '../../../command-svc/batcher.ts';
import { laneProcessors } from '../../../command-svc/lane-processors.ts';
import {
  accountsOfOnePartition,
  depositCommand,
  openCommand,
  openReplica,
  PARTITIONS,
  settled,
  type Replica,
  type Settled,
} from '#test/support/batch-bench.ts';
import { WIDE_LIMITS } from '#test/support/batcher-limits.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { commandOf } from '#test/support/commands.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { accountsOfLanes } from '#test/support/held-lanes.ts';
import { checkHeads } from '#test/support/ledger-check.ts';
import { freshSeeds, seededRandom } from '#test/support/random.ts';
import {
  decodeItems,
  readEvents,
  readLogRecords,
  readSubmission,
} from '#test/support/stored-rows.ts';
import { newClaim, processed } from '#test/support/two-replicas.ts';
import { until } from '#test/support/until.ts';

const DEFERRALS_MAX = 2;
const ITEMS = 400;
const LIMITS = { ...WIDE_LIMITS, batchItemsMax: 6 }; // many batches, each for a moment

let databases: Databases;
let redis: Redis[];
let replicas: Replica[];

beforeAll(async () => {
  databases = await openDatabases();
  redis = ['one', 'two'].map(() => createRedis(inject('stack').redisUrl, 'locks', silentLogger));
  await until('Redis', () => redis.every(({ status }) => status === 'ready'));
  replicas = redis.map((connection, n) => {
    const locks = createAccountLocks(connection, 10_000, silentLogger);
    return openReplica(databases.eventStoreUrl('bank_command'), `mixed-${n}`, locks);
  });
});

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await databases.close();
  for (const connection of redis) connection.disconnect();
});

type Mixed = {
  batcher: Batcher;
  claim: SubmissionClaim;
  items: Settled[];
  bulkItems: number;
};

describe('two batchers under a random mix on few accounts', () => {
  it.each(freshSeeds(1))('put none off too often, and store each once (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const accounts = [...accountsOfOnePartition(2), ...accountsOfLanes(2)];
    const [first] = replicas;
    if (first === undefined) throw new Error('no replica');
    await processed(
      first,
      accounts.map((id) => settled(openCommand(id))),
    );
    const putOff = new Map<BatchItem, number>();
    const mixed = await Promise.all(replicas.map((replica) => openMixed(replica, putOff)));
    for (let n = 1; n <= ITEMS; n++) {
      const one = random.pick(mixed);
      const content = { accountId: random.pick(accounts), amountMinor: BigInt(n) };
      const others = accounts.filter((id) => id !== content.accountId);
      const command = random.pick([
        () => depositCommand(content.accountId, content.amountMinor),
        () => commandOf('Withdraw', content),
        () => commandOf('Transfer', { ...content, destinationAccountId: random.pick(others) }),
      ])();
      const place = { claim: one.claim, itemIndex: one.bulkItems };
      const isBulk = random.below(3) > 0;
      if (isBulk) one.bulkItems += 1;
      const item = isBulk ? settled(command, place) : settled(command);
      one.items.push(item);
      expect(one.batcher.tryEnqueue(item.item)).toBe(true);
      if (random.below(20) === 0) await setImmediate(); // so that batches are cut anywhere
    }
    await Promise.all(mixed.map(({ batcher }) => batcher.stop()));

    const items = mixed.flatMap((one) => one.items);
    expect(items.filter(({ outcomes }) => outcomes.length !== 1)).toEqual([]);
    expect(putOff.size).toBeGreaterThan(0);
    expect(Math.max(...putOff.values())).toBeLessThanOrEqual(DEFERRALS_MAX);
    for (const { claim, bulkItems } of mixed) {
      const { batches } = await readSubmission(databases, claim.submissionId);
      const indexes = batches.flatMap((batch) =>
        decodeItems(batch.items).map(({ index }) => index),
      );
      expect(indexes.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: bulkItems }, (_, index) => index),
      );
    }
    await checkAccounts(accounts, items);
  });
});

async function openMixed(replica: Replica, putOff: Map<BatchItem, number>): Promise<Mixed> {
  const deferral = { ...replica.context.deferral, deferralsMax: DEFERRALS_MAX };
  const context = { ...replica.context, deferral };
  const [processBatch, processBarrier] = laneProcessors(context, replica.lanes);
  const batcher = createBatcher(
    PARTITIONS,
    LIMITS,
    async (...batch) => {
      const deferred = await processBatch(...batch);
      for (const item of deferred) putOff.set(item, (putOff.get(item) ?? 0) + 1);
      return deferred;
    },
    processBarrier,
  );
  const claim = await newClaim(databases);
  return { batcher, claim, items: [], bulkItems: 0 };
}

/** Amounts differ: what is lost or doubled shows in its account. */
async function checkAccounts(accounts: string[], items: readonly Settled[]): Promise<void> {
  const events = await readEvents(databases, accounts);
  const log = await readLogRecords(databases, accounts);
  expect([...(await checkHeads(databases)), ...checkEvents(events, log, [])]).toEqual([]);
  const wanted = new Map<string, bigint[]>(accounts.map((id) => [id, []]));
  for (const { item, outcomes } of items) {
    const [outcome] = outcomes;
    const { command } = item;
    if (outcome?.kind === 'rejected') {
      expect(outcome.rejection.reason).toBe('INSUFFICIENT_FUNDS');
      continue;
    }
    expect(outcome?.kind).toBe('accepted');
    if (command === undefined || !('amountMinor' in command)) throw new Error('moves nothing');
    const { accountId, amountMinor } = command;
    wanted.get(accountId)?.push(command.type === 'Deposit' ? amountMinor : -amountMinor);
    if (command.type === 'Transfer') wanted.get(command.destinationAccountId)?.push(amountMinor);
  }
  for (const [id, amounts] of wanted) {
    const balances = events
      .filter((event) => event.account_id === id)
      .map(({ payload }) => Event.decode(payload).after?.balanceMinor ?? 0n);
    expect(balances.every((balance) => balance >= 0n)).toBe(true);
    const changes = balances.slice(1).map((balance, n) => balance - (balances[n] ?? 0n));
    expect(sorted(changes)).toEqual(sorted(amounts));
  }
}

const sorted = (amounts: readonly bigint[]): bigint[] => amounts.toSorted((a, b) => Number(a - b));
