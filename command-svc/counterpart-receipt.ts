/**
 * The receipt of a command's other account: of a transfer's credited leg, a sweep's, a transfer's
 * reversal's. A command that was just decided carries it; one that was executed before, or whose
 * append was answered from the log, names it in its event, and it is read there. Of an account that
 * its caller does not reach (any more) nothing is told.
 */
import type { AccountEvent, Counterpart } from '#domain/events.ts';
import type { Caller } from '#platform/caller.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { receiptOf, type CounterpartState, type Executed } from './batch-item.ts';
import { commandReceipt } from './command-answers.ts';
import { receiptState } from './event-codec.ts';
import { readAccountEvents } from './sql/read-account-events.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** Undefined: the command has changed one account. */
export async function counterpartReceipt(
  context: SubmissionContext,
  operationId: string | undefined,
  executed: Executed,
  caller: Caller,
): Promise<CommandReceipt | undefined> {
  const found = executed.counterpart ?? (await readCounterpart(context, executed.event, caller));
  if (found === undefined) return undefined;
  const { kind, storedAtMicros } = executed;
  const command = { accountId: found.accountId, operationId };
  return commandReceipt(receiptOf(command, { kind, after: found.after, storedAtMicros }));
}

async function readCounterpart(
  context: SubmissionContext,
  event: AccountEvent | undefined,
  caller: Caller,
): Promise<CounterpartState | undefined> {
  const counterpart = counterpartOf(event);
  if (counterpart === undefined) return undefined;
  const { accountId, version } = counterpart;
  const events = await readFromEventStore(context, (pool) =>
    readAccountEvents(pool, [counterpart, { accountId, version: 1n }]),
  );
  const opened = events.find((event) => event.version === 1n);
  const first = opened && { accountId, payload: opened.payload };
  if (!(await context.holders.reaches(caller, first))) return undefined;
  const stored = events.find((event) => event.version === version);
  if (stored === undefined) throw new Error(`account ${accountId} has no event ${version}`);
  return { accountId, after: receiptState(stored.payload, version) };
}

export function counterpartOf(event: AccountEvent | undefined): Counterpart | undefined {
  return event !== undefined && 'counterpart' in event ? event.counterpart : undefined;
}
