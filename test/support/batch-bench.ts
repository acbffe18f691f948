/**
 * Batches without a mesh: two replicas of process-batch in one process, each with its own lane
 * cache and pool, on a test's own event store. Locks are as the test says; nothing else is
 * replaced.
 */
import { ANYONE } from '#platform/caller.ts';
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Command, Deposit, OpenAccount } from '#domain/commands.ts';
import { commandOf } from '#test/support/commands.ts';
import { createLogger } from '#platform/logger.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { createPool } from '#platform/postgres.ts';
import { newLockCounts, type AccountLocks } from '../../command-svc/account-locks.ts';
import { createLaneStates, type LaneStates } from '../../command-svc/lane-states.ts';
import { newBatch, newCounts, type Batch, type BatchContext } from '../../command-svc/batch.ts';
import type { BatchItem, ItemOutcome, SubmissionClaim } from '../../command-svc/batch-item.ts';
import { startBatchTrace } from '../../command-svc/batch-trace.ts';
import { contentHashOf } from '../../command-svc/content-hash.ts';
import { appendTogether } from '../../command-svc/append-together.ts';
import { otherPartitionOf } from '../../command-svc/wanted.ts';

export const PARTITIONS = 16;

export type Replica = { context: BatchContext; lanes: LaneStates[]; close: () => Promise<void> };

const HELD: AccountLocks = {
  counts: newLockCounts(),
  acquire: () => Promise.resolve({ release: () => undefined }),
  heldElsewhere: () => Promise.resolve(undefined),
};

/** As if Redis were away. */
export const NO_LOCKS: AccountLocks = {
  ...HELD,
  acquire: () => Promise.resolve('unavailable'),
};

export function openReplica(url: string, name: string, locks: AccountLocks = HELD): Replica {
  const log = createLogger({
    service: 'test',
    instance: name,
    level: process.env['BANK_TEST_LOG'] ?? 'silent',
  });
  const pool = (applicationName: string): pg.Pool =>
    createPool({ url, applicationName, maxConnections: 8, lockTimeoutMs: 2000, log });
  const eventStore = pool(name);
  const watchPool = pool(`${name}-watch`);
  const append = {
    answerTimeoutMs: 10_000,
    retryForMs: 10_000,
    retryPauseFirstMs: 5,
    retryPauseMaxMs: 100,
    conflictsMax: 5,
  };
  const stoppedOwner = { lookAfterMs: 1500, transactionAgeMs: 5000 };
  const store = { eventStore, watchPool, stoppedOwner, append, log };
  const context: BatchContext = {
    ...store,
    partitionCount: PARTITIONS,
    locks,
    states: { accountsMax: 1000, rowsBehindMax: 20, loadRoundsMax: 5 },
    sendAppend: appendTogether(store),
    deferral: { deferralsMax: 5, pauseMinMs: 5, pauseMaxMs: 20 },
    deferrals: new WeakMap(),
    counts: newCounts(),
    isBulkMode: () => false,
    takeModeChange: () => undefined,
  };
  const lanes = Array.from({ length: PARTITIONS }, (_, partition) =>
    createLaneStates(partition, context.states),
  );
  return {
    context,
    lanes,
    close: async () => {
      await Promise.all([eventStore.end(), watchPool.end()]);
    },
  };
}

/**
 * The same replica, with `hook` run after a batch has loaded and decided, right before its append
 * connects.
 */
export function beforeAppend(replica: Replica, hook: () => Promise<unknown>): Replica {
  const { eventStore } = replica.context;
  const connect = async (): Promise<pg.PoolClient> => {
    await hook();
    return eventStore.connect();
  };
  const hooked = new Proxy(eventStore, {
    get: (target, key) => {
      if (key === 'connect') return connect;
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => Reflect.apply(value, target, args) as unknown;
    },
  });
  const context = { ...replica.context, eventStore: hooked };
  return { ...replica, context: { ...context, sendAppend: appendTogether(context) } };
}

export const laneOf = (replica: Replica, accountId: string): LaneStates => {
  const lane = replica.lanes[partitionOfAccount(accountId, PARTITIONS)];
  if (lane === undefined) throw new Error('no such lane');
  return lane;
};

export function openCommand(accountId: string, currencyCode = 'EUR'): OpenAccount {
  return commandOf('OpenAccount', { accountId, currencyCode });
}

export function depositCommand(
  accountId: string,
  amountMinor: bigint,
  more: Partial<Deposit> = {},
): Deposit {
  return commandOf('Deposit', { accountId, amountMinor, ...more });
}

export type Settled = { item: BatchItem; outcomes: ItemOutcome[] };

/** An item, and every outcome that it gets: exactly one is right. */
export function settled(
  command: Command,
  place?: { claim: SubmissionClaim; itemIndex: number },
  deadlineAtMs?: number,
): Settled {
  const outcomes: ItemOutcome[] = [];
  const partition = partitionOfAccount(command.accountId, PARTITIONS);
  const item: BatchItem = {
    command,
    invalid: undefined,
    written: undefined,
    contentHash: contentHashOf(command),
    partition,
    otherPartition: otherPartitionOf(command, partition, PARTITIONS),
    itemIndex: place?.itemIndex ?? 0,
    bytes: 300,
    origin: {
      ...(place === undefined
        ? { kind: 'unary', deadlineAtMs }
        : { kind: 'submission', claim: place.claim }),
      traceparent: undefined,
      caller: ANYONE,
      settle: (outcome) => outcomes.push(outcome),
    },
  };
  return { item, outcomes };
}

export function batchOf(replica: Replica, items: readonly Settled[]): Batch {
  const [first] = items;
  if (first === undefined) throw new Error('a batch has items');
  const lane = replica.lanes[first.item.partition];
  if (lane === undefined) throw new Error('no such lane');
  const plain = items.map(({ item }) => item);
  const trace = startBatchTrace(lane.partition, plain, performance.now());
  return newBatch(randomUUID(), lane, plain, BigInt(Date.now()) * 1000n, trace);
}

/** Account ids that all hash to one partition. */
export function accountsOfOnePartition(count: number): string[] {
  const first = randomUUID();
  const partition = partitionOfAccount(first, PARTITIONS);
  const ids = [first];
  while (ids.length < count) {
    const id = randomUUID();
    if (partitionOfAccount(id, PARTITIONS) === partition) ids.push(id);
  }
  return ids;
}
