/**
 * The intake of one stream without its surroundings: a batcher that a test settles by hand, an
 * event store that answers from memory, and a call that is a stream of Node's.
 */
import { PassThrough } from 'node:stream';
import { Metadata } from '@grpc/grpc-js';
import type { Pool } from 'pg';
import { createByteBudget } from '#platform/byte-budget.ts';
import { RpcError } from '#platform/grpc-errors.ts';
import { silentLogger } from '#platform/logger.ts';
import { createSlots } from '#platform/slots.ts';
import { BulkDepositRequest, UploadOptions } from '#proto/bank/v1/bulk_service.ts';
import type { BulkReceipt } from '#proto/bank/v1/submission.ts';
import { Holders } from '../../command-svc/account-holder.ts';
import type { BatchItem, ItemOutcome } from '../../command-svc/batch-item.ts';
import { depositItem } from '../../command-svc/bulk-items.ts';
import { takeStream, tooManyUploads, type IntakeContext } from '../../command-svc/take-stream.ts';
import { decodeDeposits } from '../../command-svc/bulk-messages.ts';
import type { RawMessage } from '../../command-svc/bulk-messages.ts';
import type { ClientStream } from '../../command-svc/bulk-stream.ts';
import { createUnreadRoom } from '../../command-svc/unread-room.ts';
import { until } from '#test/support/until.ts';

export const ACCOUNT = '0190c7b2-3f4e-7abc-8def-0123456789ab';
export const ACCEPTED: ItemOutcome = {
  kind: 'accepted',
  after: {
    status: 'open',
    version: 2n,
    currencyCode: 'EUR',
    balanceMinor: 1n,
    heldMinor: 0n,
    overdraftLimitMinor: 0n,
    debitsFrozen: false,
    creditsFrozen: false,
  },
  event: undefined,
  counterpart: undefined,
  storedAtMicros: 0n,
};

/** Answers by the names of the statements; counts what is left of the claim. */
export class MemoryStore {
  claims = 0;
  /** Called when a COMMIT is answered. */
  onCommit: () => void = () => undefined;
  readonly closed: { total: bigint } | undefined;

  constructor(closed?: { total: bigint }) {
    this.closed = closed;
  }

  get pool(): Pool {
    const query = (given: { name?: string } | string) => Promise.resolve(this.#answer(given));
    const client = { query, release: () => undefined };
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- all that is used of a pool
    return { query, connect: () => Promise.resolve(client) } as unknown as Pool;
  }

  #answer(given: { name?: string } | string): {
    rows: unknown[];
    rowCount: number;
    command: string;
  } {
    const name = typeof given === 'string' ? given : (given.name ?? '');
    if (name === 'insert-claim') this.claims += 1;
    if (name === 'delete-claim') this.claims -= 1;
    if (name === 'commit') this.onCommit();
    return { rows: this.#rows(name), rowCount: 1, command: name.toUpperCase() };
  }

  #rows(name: string): unknown[] {
    const { closed } = this;
    if (name.startsWith('select pid')) return [{ pid: 1, started_at: '' }];
    if (name === 'read-stored-end') return [{ stored_end: 0n }];
    if (name === 'lock-submission' || name === 'read-submission-standing') {
      return [{ closed: closed !== undefined, total_items: closed?.total ?? null, asked_at_ms: 0 }];
    }
    if (name !== 'read-submission') return [];
    const sums = { accepted: 0n, rejected: 0n, replayed: 0n, stored_end: 0n };
    const lists = { currency_codes: [], totals: [], partitions: [], seqs: [] };
    return [{ created_at: 0n, closed_at: null, total_items: null, ...sums, ...lists }];
  }
}

/** Takes what fits, and settles it when told to. */
class HandBatcher {
  readonly queued: BatchItem[] = [];
  #room: (() => void)[] = [];
  readonly #limit: number;
  taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  tryEnqueue(item: BatchItem): boolean {
    if (this.queued.length >= this.#limit) return false;
    this.queued.push(item);
    this.taken += 1;
    return true;
  }

  tryEnqueueBarrier(): boolean {
    return false;
  }

  whenRoom(): Promise<void> {
    return new Promise((resolve) => this.#room.push(resolve));
  }

  settleAll(outcome: ItemOutcome): void {
    for (const item of this.queued.splice(0)) item.origin.settle(outcome, item);
    for (const resolve of this.#room.splice(0)) resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

export const LEAVE_OPEN = UploadOptions.fromPartial({ leaveOpen: true });

export type IntakeBench = {
  context: IntakeContext;
  batcher: HandBatcher;
  store: MemoryStore;
  stopping: AbortController;
  call: PassThrough & ClientStream;
  answer: Promise<BulkReceipt>;
  send: (count: number, more?: Partial<BulkDepositRequest>) => void;
};

export function intakeBench({
  limit = 100,
  idleMs = 5_000,
  store = new MemoryStore(),
  uploads = createSlots(10, tooManyUploads),
} = {}): IntakeBench {
  const batcher = new HandBatcher(limit);
  const stopping = new AbortController();
  const context: IntakeContext = {
    holders: new Holders(undefined),
    eventStore: store.pool,
    watchPool: store.pool,
    log: silentLogger,
    partitionCount: 4,
    stoppedOwner: { lookAfterMs: 1_000, transactionAgeMs: 1_000 },
    submissions: { triesMax: 1, retryPauseFirstMs: 1, retryPauseMaxMs: 1, retryAfterMs: 500 },
    batcher,
    bulkMode: { holdStream: () => () => undefined, holdsLease: () => Promise.resolve(false) },
    uploads,
    stopping: stopping.signal,
    streamIdleMs: idleMs,
    streamResultsMax: 1_000,
    messages: createByteBudget(10_000_000),
    unreadResults: createUnreadRoom(20_000, 10),
    states: { accountsMax: 100, rowsBehindMax: 10, loadRoundsMax: 3 },
  };
  const call = Object.assign(new PassThrough({ objectMode: true, readableHighWaterMark: 1 }), {
    metadata: new Metadata(),
    cancelled: false,
    getDeadline: () => Number.POSITIVE_INFINITY,
  });
  const answer = takeStream(context, call, { decode: decodeDeposits, toItem: depositItem });
  answer.catch(() => undefined);
  let nextOptions: Pick<Partial<BulkDepositRequest>, 'options'> = { options: LEAVE_OPEN };
  const send: IntakeBench['send'] = (count, more = {}) => {
    const amount = { currencyCode: 'EUR', minorUnits: 1n };
    const deposits = Array.from({ length: count }, () => ({ accountId: ACCOUNT, amount }));
    const request = { submissionId: 's', deposits, ...nextOptions, ...more };
    nextOptions = {};
    call.write(raw(BulkDepositRequest.encode(BulkDepositRequest.fromPartial(request)).finish()));
  };
  return { context, batcher, store, stopping, call, answer, send };
}

export const raw = (bytes: Uint8Array): RawMessage => ({ bytes: Buffer.from(bytes) });

/** The error that a stream ended with. */
export async function failure(answer: Promise<unknown>): Promise<RpcError> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('the stream did not fail');
}

export const queued = (one: IntakeBench, count: number): Promise<boolean> =>
  until(`${count} items queued`, () => one.batcher.queued.length === count);
