/**
 * One account's life in one partition, and the check that the projection holds each step of it
 * once.
 */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Databases } from '#test/support/databases.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { deposited, logRecord, opened } from '../../unit/projector/record-fixtures.ts';

/** An account that is opened at position 1 and gets 10 cents at each of the next. */
export function history(
  partition: number,
  length: number,
): { accountId: string; records: LogRecord[] } {
  const accountId = randomUUID();
  const records = Array.from({ length }, (_, i) => {
    const version = BigInt(i + 1);
    const event =
      i === 0
        ? opened(accountId)
        : deposited({ accountId, version, amount: 10n, balance: 10n * (version - 1n) });
    return logRecord({ partition, seq: version, events: [event] });
  });
  return { accountId, records };
}

export async function expectProjected(
  { projectionStore }: Databases,
  accountId: string,
  length: number,
): Promise<void> {
  const balances = await projectionStore.query<{ version: bigint; balance_minor: bigint }>(
    'select version, balance_minor from balances where account_id = $1',
    [accountId],
  );
  expect(balances.rows).toEqual([
    { version: BigInt(length), balance_minor: 10n * BigInt(length - 1) },
  ]);
  const entries = await projectionStore.query<{ version: bigint; balance: bigint }>(
    `select version, sum(amount_minor) over (order by version)::bigint as balance
       from entries where account_id = $1 and balance_after_minor = (version - 1) * 10
      order by version`,
    [accountId],
  );
  expect(entries.rows.map((row) => row.version)).toEqual(
    Array.from({ length }, (_, i) => BigInt(i + 1)),
  );
  expect(entries.rows.at(-1)?.balance).toBe(10n * BigInt(length - 1));
}
