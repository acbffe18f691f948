/**
 * Every way in which a call that stores items ends before its end: taken over, idle, with its
 * replica, or for want of room. One row a case; each breaks off a call that a replica of its own
 * holds up in the middle.
 */
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import { openIntakeReplica, type IntakeReplica } from '#test/support/intake-replica.ts';
import type { IntakeReplicaOptions } from '#test/support/intake-replica-options.ts';
import { holdHeads } from '#test/support/held-lanes.ts';
import { depositing, submitBatch } from '#test/support/operations.ts';
import { reverse } from '#test/support/reversals.ts';
import { stallingAfter } from '#test/support/stalling-batcher.ts';
import { LEAVE_OPEN } from '#test/support/submission-bench.ts';
import type { RefusedCall, SubmissionGround } from '#test/support/refused-calls.ts';
import { until } from '#test/support/until.ts';
import { openUpload, UPLOAD_KINDS } from '#test/support/upload-calls.ts';

type Row = RefusedCall<SubmissionGround>;

const IDLE_MS = 200;
const ITEMS = 4;

/** A call under way: one item is stored, the next one waits for room until it is let go. */
type HeldUp = {
  replica: IntakeReplica;
  submissionId: string;
  ended: Promise<unknown>;
  letGo: () => void;
};

type Start = (
  ground: SubmissionGround,
  submissionId: string,
) => (to: IntakeReplica) => {
  ended: Promise<unknown>;
};

async function heldUp(
  ground: SubmissionGround,
  submissionId: string,
  start: ReturnType<Start>,
): Promise<HeldUp> {
  const { around, release } = stallingAfter(1);
  const replica = await openOther(ground, 'held-up', { around });
  const { ended } = start(replica);
  ended.catch(() => undefined);
  await ground.whenStored(submissionId, 1);
  return { replica, submissionId, ended, letGo: release };
}

function openOther(
  { databases }: SubmissionGround,
  name: string,
  options: IntakeReplicaOptions,
): Promise<IntakeReplica> {
  return openIntakeReplica(databases.eventStoreUrl('bank_command'), name, options);
}

/** What the call ends with; its replica is closed after it. */
async function endOf({ replica, ended, letGo }: HeldUp): Promise<unknown> {
  letGo();
  try {
    return await ended;
  } finally {
    await replica.close();
  }
}

async function draining(ground: SubmissionGround, id: string, start: Start): Promise<unknown> {
  const held = await heldUp(ground, id, start(ground, id));
  const drained = held.replica.drain();
  try {
    return await endOf(held);
  } finally {
    await drained;
  }
}

const upload =
  (kind: (typeof UPLOAD_KINDS)[number]): Start =>
  (ground, submissionId) =>
  (replica) => {
    const call = openUpload(ground, replica, kind, submissionId);
    call.send({ from: 0, end: ITEMS, options: LEAVE_OPEN });
    return call;
  };

const batch: Start =
  ({ deposit }, submissionId) =>
  (replica) => {
    const operations = [1, 2, 3].map((n) => depositing(deposit(n).accountId, n));
    return { ended: submitBatch(replica, submissionId, operations) };
  };

/** Another call takes the indexes over, and is itself held up: nothing is complete. */
async function takenOver(
  ground: SubmissionGround,
  id: string,
  start: Start,
  next: Start = start,
): Promise<unknown> {
  const first = await heldUp(ground, id, start(ground, id));
  const claim = await ground.claimIdOf(id);
  const { around, release } = stallingAfter(0);
  const replica = await openOther(ground, 'held-up', { around });
  const { ended } = next(ground, id)(replica);
  ended.catch(() => undefined);
  await ground.whenClaimed(id, claim);
  try {
    return await endOf(first);
  } finally {
    release();
    await replica.drain();
    await replica.close();
  }
}

/** One batch is in flight, for as long as its head is held, and one waits: the third is refused. */
async function queueFull(ground: SubmissionGround): Promise<unknown> {
  const { accountId } = ground.deposit(0);
  const letGo = await holdHeads(ground.databases, [accountId]);
  const replica = await openOther(ground, 'queue-full', { limits: { queueItemsMax: 1 } });
  const send = (): Promise<unknown> =>
    submitBatch(replica, randomUUID(), [depositing(accountId, 1)], BatchMode.BATCH_MODE_ATOMIC);
  const inFlight = send();
  await until('a batch in flight', () => ground.waitsForLock('queue-full'));
  const others = [send(), send()];
  try {
    return await Promise.race(others);
  } finally {
    await letGo();
    await Promise.allSettled([inFlight, ...others]);
    await replica.close();
  }
}

/** A closed submission to undo, and its reversal. */
const reversal =
  (reversed: string): Start =>
  (_, submissionId) =>
  (replica) => ({ ended: reverse(replica, submissionId, reversed) });

async function newSubmission(ground: SubmissionGround): Promise<string> {
  const id = randomUUID();
  const call = openUpload(ground, ground.a, 'BulkDeposit', id);
  call.send({ from: 0, end: ITEMS });
  call.halfClose();
  await call.ended;
  return id;
}

const STREAMS = UPLOAD_KINDS.flatMap((method): Row[] => [
  {
    method,
    code: status.ABORTED,
    reason: 'SUBMISSION_TAKEN_OVER',
    call: (ground) => takenOver(ground, randomUUID(), upload(method)),
  },
  {
    method,
    code: status.DEADLINE_EXCEEDED,
    reason: 'STREAM_IDLE',
    call: async (ground) => {
      const replica = await openOther(ground, 'idle', { streamIdleMs: IDLE_MS });
      const { ended } = upload(method)(ground, randomUUID())(replica);
      try {
        return await ended;
      } finally {
        await replica.close();
      }
    },
  },
  {
    method,
    code: status.UNAVAILABLE,
    reason: 'SHUTTING_DOWN',
    call: (ground) => draining(ground, randomUUID(), upload(method)),
  },
]);

const CALLS: readonly Row[] = [
  {
    method: 'SubmitBatch',
    code: status.ABORTED,
    reason: 'SUBMISSION_TAKEN_OVER',
    call: (ground) => takenOver(ground, randomUUID(), batch, upload('BulkSubmit')),
  },
  {
    method: 'SubmitBatch',
    code: status.UNAVAILABLE,
    reason: 'SHUTTING_DOWN',
    call: (ground) => draining(ground, randomUUID(), batch),
  },
  {
    method: 'SubmitBatch',
    code: status.RESOURCE_EXHAUSTED,
    reason: 'QUEUE_FULL',
    call: queueFull,
  },
  {
    method: 'ReverseSubmission',
    code: status.ABORTED,
    reason: 'SUBMISSION_TAKEN_OVER',
    call: async (ground) => takenOver(ground, randomUUID(), reversal(await newSubmission(ground))),
  },
  {
    method: 'ReverseSubmission',
    code: status.UNAVAILABLE,
    reason: 'SHUTTING_DOWN',
    call: async (ground) => draining(ground, randomUUID(), reversal(await newSubmission(ground))),
  },
];

export const ENDED_UPLOADS: readonly Row[] = [...STREAMS, ...CALLS];
