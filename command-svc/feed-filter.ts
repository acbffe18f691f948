/**
 * Which events of a row a feed wants: by type from the row alone, by owner, and by what its caller
 * may see, with the help of the accounts' first events. Answers a byte an event, 1 for wanted, or
 * undefined when all are.
 */
import { isReached, type Reach } from '#platform/caller.ts';
import { accountKey, type AccountOwners } from './account-owners.ts';
import { LogRecord } from './log-record.ts';
import type { OpenedRow } from './log-row.ts';

export type FeedFilter = {
  /** By number; undefined: all. */
  readonly types: ReadonlySet<number> | undefined;
  readonly owners: ReadonlySet<string> | undefined;
  /** Whose accounts' events its caller may see; undefined: all. */
  readonly reach: Reach | undefined;
  /** Ascending; never empty. */
  readonly partitions: readonly number[];
};

export async function wantedEvents(
  opened: OpenedRow,
  { types, owners, reach }: FeedFilter,
  accountOwners: AccountOwners,
): Promise<Uint8Array | undefined> {
  const asksHolder = owners !== undefined || reach !== undefined;
  if (types === undefined && !asksHolder) return undefined;
  const wanted = new Uint8Array(opened.events.length);
  const accounts = new Map<number, string>();
  const record = new LogRecord();
  for (const [place, span] of opened.events.entries()) {
    record.read(opened, span);
    if (types !== undefined && !types.has(record.type)) continue;
    wanted[place] = 1;
    if (asksHolder) {
      accounts.set(place, accountKey(opened.row.payload, record.accountAt));
    }
  }
  if (!asksHolder || accounts.size === 0) return wanted;
  const holderOf = await accountOwners.ownersOf(new Set(accounts.values()));
  for (const [place, account] of accounts) {
    const holder = holderOf.get(account);
    const isAsked = holder !== undefined && owners?.has(holder.owner) !== false;
    const isSeen = isAsked && (reach === undefined || isReached(reach, holder));
    if (!isSeen) wanted[place] = 0;
  }
  return wanted;
}
