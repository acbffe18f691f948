/** What decisions on items must have read: accounts, operations, holds. Pure. */
import type { Command } from '#domain/commands.ts';
import { partitionOfAccount } from '#platform/partitioning.ts';
import type { AccountHold, AccountOperation, AccountVersion, Wanted } from './base-states.ts';
import type { BatchItem } from './batch-item.ts';

/** The accounts that a decision on the item stands on. */
export function accountsOf({ command }: Pick<BatchItem, 'command'>): string[] {
  return command === undefined ? [] : accountsOfCommand(command);
}

/** Its own account first. */
function accountsOfCommand(command: Command): string[] {
  const other = otherAccountOf(command);
  return other === undefined ? [command.accountId] : [command.accountId, other];
}

/** The account that the command changes beside its own. */
function otherAccountOf(command: Command): string | undefined {
  if (command.type === 'Transfer') return command.destinationAccountId;
  if (command.type === 'CloseAccount') return command.sweepTo;
  if (command.type === 'ReverseOperation') return command.counterpartAccountId;
  if (command.type !== 'ReverseEvent' || command.event.type !== 'TransferSent') return undefined;
  return command.event.counterpart.accountId;
}

/** The partition of its other account, when that is not the one of its own. */
export function otherPartitionOf(
  command: Command,
  partition: number,
  partitionCount: number,
): number | undefined {
  const other = otherAccountOf(command);
  if (other === undefined) return undefined;
  const there = partitionOfAccount(other, partitionCount);
  return there === partition ? undefined : there;
}

export function wantedOf(items: readonly Pick<BatchItem, 'command'>[]): Wanted {
  const accountIds = new Set<string>();
  const operations: AccountOperation[] = [];
  const reversedOperations: AccountOperation[] = [];
  const reversedEvents: AccountVersion[] = [];
  const holds: AccountHold[] = [];
  for (const { command } of items) {
    if (command === undefined) continue;
    const { accountId, operationId } = command;
    accountIds.add(accountId);
    if (operationId !== undefined) operations.push({ accountId, operationId });
    if (command.type === 'Deposit') continue;
    for (const id of accountsOfCommand(command)) accountIds.add(id);
    if ('holdId' in command) holds.push({ accountId, holdId: command.holdId });
    if (command.type === 'ReverseOperation') {
      reversedOperations.push({ accountId, operationId: command.reversedOperationId });
    } else if (command.type === 'ReverseEvent') {
      reversedEvents.push({ accountId, version: command.reversedVersion });
    }
  }
  return { accountIds, operations, reversedOperations, reversedEvents, holds };
}

/** Its parts by the partition of their accounts. */
export function wantedByPartition(wanted: Wanted, partitionCount: number): Map<number, Wanted> {
  const partitionOf = (accountId: string): number => partitionOfAccount(accountId, partitionCount);
  const ofAccount = (one: { readonly accountId: string }): number => partitionOf(one.accountId);
  const accountIds = Map.groupBy(wanted.accountIds, partitionOf);
  const operations = Map.groupBy(wanted.operations, ofAccount);
  const reversedOperations = Map.groupBy(wanted.reversedOperations, ofAccount);
  const reversedEvents = Map.groupBy(wanted.reversedEvents, ofAccount);
  const holds = Map.groupBy(wanted.holds, ofAccount);
  const parts = new Map<number, Wanted>();
  for (const [partition, ids] of accountIds) {
    parts.set(partition, {
      accountIds: new Set(ids),
      operations: operations.get(partition) ?? [],
      reversedOperations: reversedOperations.get(partition) ?? [],
      reversedEvents: reversedEvents.get(partition) ?? [],
      holds: holds.get(partition) ?? [],
    });
  }
  return parts;
}

export const NOTHING_WANTED: Wanted = {
  accountIds: new Set(),
  operations: [],
  reversedOperations: [],
  reversedEvents: [],
  holds: [],
};

/** The accounts that the items are to open, before anything else, for a submission. */
export function openingIn(items: readonly BatchItem[]): Set<string> {
  const opening = new Set<string>();
  if (!items.some(isOpening)) return opening;
  const seen = new Set<string>();
  for (const item of items) {
    const { command } = item;
    if (command === undefined) continue;
    if (isOpening(item) && !seen.has(command.accountId)) opening.add(command.accountId);
    seen.add(command.accountId);
  }
  return opening;
}

function isOpening({ command, origin }: BatchItem): boolean {
  return command?.type === 'OpenAccount' && origin.kind === 'submission';
}
