/** Each reason that a call about a submission as a whole can be refused for, through gRPC. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDED_UPLOADS } from '#test/support/ended-uploads.ts';
import { failureOf, openIntakeReplica } from '#test/support/intake-replica.ts';
import { reverse } from '#test/support/reversals.ts';
import { stallingAfter } from '#test/support/stalling-batcher.ts';
import {
  LEAVE_OPEN,
  openSubmissionBench,
  upload,
  type SubmissionBench,
} from '#test/support/submission-bench.ts';
import { SUBMISSION_REFUSALS } from '#test/support/submission-refusals.ts';
import type { SubmissionGround } from '#test/support/refused-calls.ts';
import { until } from '#test/support/until.ts';

let ground: SubmissionGround;

beforeAll(async () => {
  ground = await makeGround(await openSubmissionBench());
});

afterAll(async () => {
  await ground.cutOff.close();
  await ground.close();
});

async function makeGround(bench: SubmissionBench): Promise<SubmissionGround> {
  const { a, deposits } = bench;
  const ids = { open: 'open', closed: 'closed', reversal: 'reversal', reversed: 'reversed' };
  for (const id of ['closed', 'reversed', 'reversing']) {
    await upload(a, id, { deposits: deposits(0, 2) });
  }
  await upload(a, 'open', { deposits: deposits(0, 2), options: LEAVE_OPEN });
  await reverse(a, 'undone', 'reversed');
  await leaveUnfinished(bench);
  const cutOff = await openIntakeReplica('postgres://127.0.0.1:1/none', 'cut-off');
  return { ...bench, ...ids, undone: 'undone', cutOff };
}

/** The submission `reversal` is to undo another one, and has none of its items. */
async function leaveUnfinished({ databases, claimsOf }: SubmissionBench): Promise<void> {
  const { around, release } = stallingAfter(0);
  const url = databases.eventStoreUrl('bank_command');
  const replica = await openIntakeReplica(url, 'unfinished', { around });
  const controller = new AbortController();
  const call = reverse(replica, 'reversal', 'reversing', 'why', controller.signal);
  call.catch(() => undefined);
  await until('its claim', async () => (await claimsOf('reversal')) === 1);
  controller.abort();
  await until('its end', async () => (await claimsOf('reversal')) === 0);
  release();
  await replica.close();
}

const ROWS = [...SUBMISSION_REFUSALS, ...ENDED_UPLOADS];

describe('a call', () => {
  it.each(ROWS)('$method: $reason', async ({ code, reason, call }) => {
    expect(await failureOf(call(ground))).toBe(`${code} ${reason}`);
  });
});

describe('a reversal that nobody completes', () => {
  it('can still be completed', async () => {
    const receipt = await reverse(ground.a, 'reversal', 'reversing', 'why');
    expect(receipt).toMatchObject({ accepted: 2n, received: 2n });
    expect(await failureOf(reverse(ground.a, randomUUID(), 'reversing'))).toBe(
      '9 ALREADY_REVERSED',
    );
  });
});
