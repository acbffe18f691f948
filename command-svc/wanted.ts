/** What decisions on items must have read: accounts, operations, holds. Pure. */
import type { Command } from '#domain/commands.ts';
import type { AccountHold, AccountOperation, AccountVersion, Wanted } from './base-states.ts';
import type { BatchItem } from './batch-item.ts';

/** The accounts that a decision on the item stands on. */
export function accountsOf({ command }: Pick<BatchItem, 'command'>): string[] {
  return command === undefined ? [] : accountsOfCommand(command);
}

/** Its own account first. */
export function accountsOfCommand(command: Command): string[] {
  const { accountId } = command;
  if (command.type === 'Transfer') return [accountId, command.destinationAccountId];
  if (command.type === 'ReverseEvent' && command.event.type === 'TransferSent') {
    return [accountId, command.event.counterpart.accountId];
  }
  if (command.type !== 'CloseAccount' || command.sweepTo === undefined) return [accountId];
  return [accountId, command.sweepTo];
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

/** The part of it that concerns the accounts. */
export function wantedIn(wanted: Wanted, isHere: (accountId: string) => boolean): Wanted {
  const ofAccount = (one: { readonly accountId: string }): boolean => isHere(one.accountId);
  return {
    accountIds: new Set([...wanted.accountIds].filter(isHere)),
    operations: wanted.operations.filter(ofAccount),
    reversedOperations: wanted.reversedOperations.filter(ofAccount),
    reversedEvents: wanted.reversedEvents.filter(ofAccount),
    holds: wanted.holds.filter(ofAccount),
  };
}

/** The accounts that the items are to open, before anything else, for a submission. */
export function openingIn(items: readonly BatchItem[]): Set<string> {
  const seen = new Set<string>();
  const opening = new Set<string>();
  for (const { command, origin } of items) {
    if (command === undefined) continue;
    const isOpening = command.type === 'OpenAccount' && origin.kind === 'submission';
    if (isOpening && !seen.has(command.accountId)) opening.add(command.accountId);
    seen.add(command.accountId);
  }
  return opening;
}
