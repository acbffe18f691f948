/** Accounts for tests of commands of two accounts, and the commands. */
import { partitionOfAccount } from '#platform/partitioning.ts';
import type { Operation } from '#proto/bank/v1/operation.ts';
import { PARTITIONS } from '#test/support/batch-bench.ts';
import { accountAfter, EUR, on, type CommandRequest } from '#test/support/command-calls.ts';
import type { IntakeReplica } from '#test/support/intake-replica.ts';

export const partitionOf = (accountId: string): number => partitionOfAccount(accountId, PARTITIONS);

/** Two rich accounts of one partition, or of two. */
export async function pairOfAccounts(
  replica: IntakeReplica,
  where: 'one partition' | 'two partitions' = 'two partitions',
): Promise<[string, string]> {
  const rich = () => accountAfter(replica, { $case: 'deposit', amount: EUR(1_000n) });
  const first = await rich();
  for (;;) {
    const second = await rich();
    const isSame = partitionOf(first) === partitionOf(second);
    if (isSame === (where === 'one partition')) return [first, second];
  }
}

type More = { operationId?: string; validateOnly?: boolean };

export function transfer(from: string, to: string, amount: bigint, more: More = {}) {
  return on(from, { $case: 'transfer', destinationAccountId: to, amount: EUR(amount), ...more });
}

export const undoing = (accountId: string, reversedOperationId: string): CommandRequest =>
  on(accountId, { $case: 'reverseOperation', reversedOperationId, reason: 'because' });

export const operation = (command: CommandRequest): Operation => ({ command });

/** So many transfers of 1, crossing among the accounts. */
export function crossing(accounts: readonly string[], count: number): Operation[] {
  const size = accounts.length;
  const at = (place: number): string => accounts[place % size] ?? '';
  return Array.from({ length: count }, (_, n) => {
    const step = 1 + (Math.floor(n / size) % (size - 1));
    return operation(transfer(at(n), at(n + step), 1n));
  });
}
