/**
 * The ids of one run, new in every run, and short names for them: a0, a1 are accounts, h0 a hold,
 * o0 an operation, s0 a submission. Accounts 0 and 1 stand in one partition, 2 and 3 in others, in
 * either order, so that the same steps go the same ways.
 */
import { randomUUID } from 'node:crypto';
import { partitionOfAccount } from '#platform/partitioning.ts';
import type { Money } from '#proto/bank/v1/money.ts';
import type { CommandRequest } from '#test/support/command-calls.ts';

const PARTITION_COUNT = 16;
const PARTITIONS = [3, 3, 1, 9];
export const ACCOUNTS = PARTITIONS.length;

export type Names = {
  readonly accountId: (number: number) => string;
  readonly newId: (kind: 'h' | 'o' | 's') => string;
  /** The id itself, when it is none of the run's. */
  readonly nameOf: (id: string) => string;
};

export function newNames(): Names {
  const names = new Map<string, string>();
  const accounts = PARTITIONS.map(idIn);
  for (const [number, id] of accounts.entries()) names.set(id, `a${number}`);
  const counts = { h: 0, o: 0, s: 0 };
  return {
    accountId: (number) => accounts[number] ?? '',
    newId: (kind) => {
      const id = randomUUID();
      names.set(id, `${kind}${counts[kind]++}`);
      return id;
    },
    nameOf: (id) => names.get(id) ?? id,
  };
}

function idIn(partition: number): string {
  for (;;) {
    const id = randomUUID();
    if (partitionOfAccount(id, PARTITION_COUNT) === partition) return id;
  }
}

/** The command in a line, without what is left unsaid. */
export function lineOf({ $case, value }: CommandRequest, { nameOf }: Names): string {
  const words = Object.entries(value).flatMap(([field, said]: [string, unknown]) => {
    if (field === 'labels' || said === undefined || said === '' || said === 0n) return [];
    if (typeof said === 'boolean') return said ? [field] : [];
    if (isMoney(said)) return [`${said.minorUnits} ${said.currencyCode}`];
    if (typeof said === 'bigint') return [`${field} ${said}`];
    return [typeof said === 'string' ? `${wordBefore(field)}${nameOf(said)}` : field];
  });
  return [$case, ...words].join(' ');
}

function wordBefore(field: string): string {
  if (field === 'destinationAccountId' || field === 'sweepTo') return 'to ';
  return field === 'reversedOperationId' ? 'of ' : '';
}

function isMoney(said: unknown): said is Money {
  return typeof said === 'object' && said !== null && 'minorUnits' in said;
}
