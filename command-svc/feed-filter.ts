/**
 * Which events of a row a feed wants: by type from the row alone, by owner with the help of the
 * accounts' first events. Answers a byte an event, 1 for wanted, or undefined when all are.
 */
import { accountKey, type AccountOwners } from './account-owners.ts';
import { LogRecord } from './log-record.ts';
import type { OpenedRow } from './log-row.ts';

export type FeedFilter = {
  /** By number; undefined: all. */
  readonly types: ReadonlySet<number> | undefined;
  readonly owners: ReadonlySet<string> | undefined;
  /** Ascending; never empty. */
  readonly partitions: readonly number[];
};

export async function wantedEvents(
  opened: OpenedRow,
  { types, owners }: FeedFilter,
  accountOwners: AccountOwners,
): Promise<Uint8Array | undefined> {
  if (types === undefined && owners === undefined) return undefined;
  const wanted = new Uint8Array(opened.events.length);
  const accounts = new Map<number, string>();
  const record = new LogRecord();
  for (const [place, span] of opened.events.entries()) {
    record.read(opened, span);
    if (types !== undefined && !types.has(record.type)) continue;
    wanted[place] = 1;
    if (owners !== undefined) {
      accounts.set(place, accountKey(opened.row.payload, record.accountAt));
    }
  }
  if (owners === undefined || accounts.size === 0) return wanted;
  const ownerOf = await accountOwners.ownersOf(new Set(accounts.values()));
  for (const [place, account] of accounts) {
    if (!owners.has(ownerOf.get(account) ?? '')) wanted[place] = 0;
  }
  return wanted;
}
