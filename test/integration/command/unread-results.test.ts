/**
 * Callers of BulkSubmit that do not read at all: they hold up nobody else, and what all of them
 * leave unread is bounded together.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  BulkServiceService as BULK,
  BulkSubmitRequest,
  UploadOptions,
} from '#proto/bank/v1/bulk_service.ts';
import {
  openDepositStream,
  openIntakeReplica,
  type IntakeReplica,
} from '#test/support/intake-replica.ts';
import type { IntakeReplicaOptions } from '#test/support/intake-replica-options.ts';
import { depositing, opening, openSubmitStream, words } from '#test/support/operations.ts';
import {
  LEAVE_OPEN,
  openSubmissionBench,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { openUnreadCall, type UnreadCall } from '#test/support/unread-call.ts';
import { until } from '#test/support/until.ts';
import { MESSAGE_RESULTS_MAX } from '../../../command-svc/bounds.ts';

const CALLERS = 12;
const MESSAGE_ITEMS = 5_000;

let bench: SubmissionBench;
let replica: IntakeReplica;
const calls: UnreadCall[] = [];
beforeAll(async () => {
  bench = await openSubmissionBench();
});
afterEach(async () => {
  for (const call of calls.splice(0)) call.close();
  await replica.close();
});
afterAll(() => bench.close());

/** Every item is refused without a look at the store: its account's id is none. */
function message(submissionId: string): Uint8Array {
  const operations = Array.from({ length: MESSAGE_ITEMS }, () => depositing('nobody', 1));
  const request = BulkSubmitRequest.fromPartial({ submissionId, operations, options: LEAVE_OPEN });
  return BulkSubmitRequest.encode(request).finish();
}

async function unreadCallers(
  name: string,
  messages: number,
  options: IntakeReplicaOptions,
): Promise<void> {
  const url = bench.databases.eventStoreUrl('bank_command');
  replica = await openIntakeReplica(url, name, { streamIdleMs: 60_000, ...options });
  for (let n = 0; n < CALLERS; n++) {
    const first = message(`${name}-${n}`);
    const others = BulkSubmitRequest.encode({
      ...BulkSubmitRequest.decode(first),
      options: undefined,
    }).finish();
    const more = Array.from({ length: messages - 1 }, () => others);
    calls.push(openUnreadCall(replica.address, BULK.bulkSubmit.path, first, ...more));
  }
}

const storedItems = (name: string): Promise<number> =>
  bench.count(
    `select coalesce(sum(rejected), 0)::bigint as n from submission_batches
      where submission_id like $1`,
    `${name}-%`,
  );

/** All that is going to be stored is. */
async function whenStill(name: string): Promise<number> {
  let before = -1;
  return await until(
    'the intake stands still',
    async () => {
      const now = await storedItems(name);
      const still = now > 0 && now === before;
      before = now;
      return still && now;
    },
    { everyMs: 500 },
  );
}

describe('callers that read no results', () => {
  it('hold up no deposits: their messages wait undecoded', async () => {
    const messageBytes = message('unread-0').length;
    const messages = 5;
    await unreadCallers('unread', messages, { messagesBytesMax: 2 * messageBytes });
    const stored = await whenStill('unread');
    expect(stored).toBeGreaterThanOrEqual(CALLERS * MESSAGE_ITEMS);
    expect(stored).toBeLessThan(CALLERS * messages * MESSAGE_ITEMS); // they do wait
    const deposits = openDepositStream(replica, 'flows');
    await deposits.send({ deposits: bench.deposits(0, 10) });
    expect(await deposits.finish()).toMatchObject({ received: 10n, accepted: 10n });
    // Whoever reads goes on.
    expect(await calls[0]?.messages()).toBeGreaterThan(messages * 10);
  });

  it('hold up no caller that reads, however little room there is', async () => {
    // None of them is given the room for a whole message, or more than it leaves to others.
    const room = { resultsMax: 2 * MESSAGE_ITEMS, uploadsMax: 16 };
    await unreadCallers('greedy', 2, { messagesBytesMax: message('greedy-0').length, ...room });
    await whenStill('greedy');
    const reads = openSubmitStream(replica, 'reads');
    const operations = Array.from({ length: MESSAGE_ITEMS }, () => depositing('nobody', 1));
    await reads.send({ operations });
    await until('its results', () => reads.results.length === MESSAGE_ITEMS);
    await reads.send({ operations });
    reads.halfClose();
    expect(await reads.ended).toMatchObject({ received: BigInt(2 * MESSAGE_ITEMS) });
    const indexes = new Set(reads.results.map(({ itemIndex }) => itemIndex));
    expect(indexes.size).toBe(2 * MESSAGE_ITEMS);
    // What is only tried is seen across the parts too.
    const tries = openSubmitStream(replica, 'tries');
    const account = randomUUID();
    const deposits = Array.from({ length: 1_999 }, () => depositing(account, 1));
    const options = UploadOptions.fromPartial({ validateOnly: true });
    await tries.send({ operations: [opening(account), ...deposits], options });
    tries.halfClose();
    await tries.ended;
    expect(words(tries.results)).toHaveLength(2_000);
    expect(words(tries.results).at(-1)).toBe('1999 v2000=1999');
  });

  it('leave together no more unread than there is memory for', async () => {
    const most = 3 * MESSAGE_ITEMS;
    const messages = 3;
    await unreadCallers('bounded', messages, { resultsMax: most, uploadsMax: 16 });
    // What the transport has taken of each is beyond it, and is bounded by itself.
    const taken = CALLERS * 2 * MESSAGE_RESULTS_MAX;
    expect(await whenStill('bounded')).toBeLessThanOrEqual(most + taken);
    const deposits = openDepositStream(replica, `flows-${randomUUID()}`);
    await deposits.send({ deposits: bench.deposits(0, 10) });
    expect(await deposits.finish()).toMatchObject({ accepted: 10n });
    // As they read, there is room again.
    await Promise.all(calls.map((call) => call.messages()));
    expect(await storedItems('bounded')).toBe(CALLERS * messages * MESSAGE_ITEMS);
  });
});
