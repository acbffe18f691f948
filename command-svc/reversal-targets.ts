/**
 * Before a reversal is enqueued: which account a transfer that it undoes went to, so that it waits
 * in both lanes. What an operation has done never changes, so it may be asked for before the
 * decision; one that is not there yet is not there for the decision either.
 */
import type { Command, ReverseOperation } from '#domain/commands.ts';
import type { Caller } from '#platform/caller.ts';
import type { BatchItem } from './batch-item.ts';
import { counterpartOf } from './counterpart-receipt.ts';
import { replayedFrom } from './replayed.ts';
import { readOperation } from './sql/read-operation.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';
import { otherPartitionOf } from './wanted.ts';

export async function withCounterpart(
  context: SubmissionContext,
  command: Command,
  caller: Caller,
): Promise<Command> {
  if (command.type !== 'ReverseOperation') return command;
  const found = await findTarget(context, command, caller);
  return found === undefined ? command : { ...command, counterpartAccountId: found.other };
}

export function isReversal({ command }: BatchItem): boolean {
  return command?.type === 'ReverseOperation';
}

/**
 * The item, standing in the lanes that it needs. `earlier`: items before it, which may be the
 * operation itself. `landed`: waits until all that was enqueued before it is stored.
 */
export async function reversalItem(
  context: SubmissionContext,
  item: BatchItem,
  earlier: readonly BatchItem[],
  landed: () => Promise<void> = () => Promise.resolve(),
): Promise<BatchItem> {
  const { command, origin } = item;
  if (command?.type !== 'ReverseOperation') return item;
  const find = () => findTarget(context, command, origin.caller);
  let found = targetAmong(earlier, command) ?? (await find());
  if (found === undefined) {
    await landed();
    found = await find();
  }
  if (found?.other === undefined) return item;
  const { partitionCount } = context;
  const whole = { ...command, counterpartAccountId: found.other };
  const otherPartition = otherPartitionOf(whole, item.partition, partitionCount);
  return { ...item, command: whole, otherPartition };
}

/** `other`: undefined for an operation of one account. */
type Target = { readonly other: string | undefined };

async function findTarget(
  context: SubmissionContext,
  { accountId, reversedOperationId }: ReverseOperation,
  caller: Caller,
): Promise<Target | undefined> {
  const stored = await readFromEventStore(context, (pool) =>
    readOperation(pool, accountId, reversedOperationId),
  );
  if (stored === undefined) return undefined;
  const opened = { accountId, payload: stored.opened };
  if (!(await context.holders.reaches(caller, opened))) return undefined;
  const { event } = replayedFrom(stored.payload, stored.version, stored.recordedAtMicros);
  return { other: counterpartOf(event)?.accountId };
}

function targetAmong(
  items: readonly BatchItem[],
  { accountId, reversedOperationId }: ReverseOperation,
): Target | undefined {
  for (const { command } of items) {
    if (command?.type !== 'Transfer' || command.accountId !== accountId) continue;
    if (command.operationId !== reversedOperationId) continue;
    return { other: command.destinationAccountId };
  }
  return undefined;
}
