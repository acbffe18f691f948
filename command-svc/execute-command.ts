/**
 * One command of a unary call: it becomes a batch item of its account's lane and waits there for
 * its outcome; unary commands lead their lane's next batch. Answers only what is stored. A command
 * whose deadline passes before it is appended is dropped; a full lane answers QUEUE_FULL at once.
 * One that is only validated is decided on what is stored now, and takes nothing.
 */
import { status } from '@grpc/grpc-js';
import type { Command } from '#domain/commands.ts';
import { refusal } from '#platform/grpc-errors.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import type { CallContext } from '#platform/unary.ts';
import type { StatesLimits } from './lane-states.ts';
import type { BatchItem, Executed, ItemOutcome, UnaryOrigin } from './batch-item.ts';
import type { Batcher } from './batcher.ts';
import { RETRY_AFTER_MS } from './bounds.ts';
import { packedBytesMax } from './bulk-items.ts';
import { NOT_STORED, refusalOf } from './command-answers.ts';
import { contentHashOf } from './content-hash.ts';
import { decideOnStored } from './decide-on-stored.ts';
import type { SubmissionContext } from './submission-transactions.ts';
import { otherPartitionOf } from './wanted.ts';

export type CommandContext = SubmissionContext & {
  readonly batcher: Batcher;
  readonly states: StatesLimits;
};

/** Throws what the caller is told when it is refused or fails. */
export async function execute(
  context: CommandContext,
  command: Command,
  call: CallContext,
): Promise<Executed> {
  return executed(await outcomeOf(context, command, call));
}

/** What would become of the command now. */
export async function validate(
  context: CommandContext,
  command: Command,
  { caller }: CallContext,
): Promise<Executed> {
  const item = itemOf(context, command, { ...UNTOLD, caller });
  const [decision] = await decideOnStored(context, [item]);
  if (decision === undefined) throw new Error('a command was not decided');
  const found = executed(decision);
  return found.kind === 'replayed' ? found : { ...found, storedAtMicros: NOT_STORED };
}

/** Nobody waits for it. */
const UNTOLD = {
  kind: 'unary',
  traceparent: undefined,
  deadlineAtMs: undefined,
  settle: () => undefined,
} as const;

function executed(outcome: ItemOutcome): Executed {
  switch (outcome.kind) {
    case 'accepted':
    case 'replayed':
      return outcome;
    case 'rejected':
      throw refusalOf(outcome.rejection);
    case 'failed':
      throw outcome.error;
    case 'taken-over':
      throw new Error('a command without a submission lost a claim');
    default:
      return unknownOutcome(outcome);
  }
}

/** Resolves once the batcher has settled the item; a call that is gone by then gets no answer. */
function outcomeOf(
  context: CommandContext,
  command: Command,
  call: CallContext,
): Promise<ItemOutcome> {
  call.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const { traceparent, caller, deadlineAtMs, signal } = call;
    const kept = { traceparent, caller, deadlineAtMs, signal };
    const origin = { kind: 'unary', ...kept, settle: resolve } as const;
    if (context.batcher.tryEnqueue(itemOf(context, command, origin))) return;
    reject(NO_ROOM);
  });
}

/** Made once: under overload most callers are told this, and it must cost them little. */
const NO_ROOM = refusal(
  status.RESOURCE_EXHAUSTED,
  'QUEUE_FULL',
  "the account's queue is full, or too slow for the deadline: nothing was done",
  { retryAfterMs: RETRY_AFTER_MS },
);

/** An item of its own, for whoever waits for its outcome. */
export function itemOf(
  { partitionCount }: Pick<CommandContext, 'partitionCount'>,
  command: Command,
  origin: UnaryOrigin,
): BatchItem {
  const partition = partitionOfAccount(command.accountId, partitionCount);
  return {
    command,
    invalid: undefined,
    written: undefined,
    contentHash: contentHashOf(command),
    partition,
    otherPartition: otherPartitionOf(command, partition, partitionCount),
    itemIndex: 0,
    bytes: packedBytesMax(command),
    origin,
  };
}

function unknownOutcome(outcome: never): never {
  throw new Error(`unknown outcome ${JSON.stringify(outcome)}`);
}
