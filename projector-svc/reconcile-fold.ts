/** What an account's events say, event by event: its state, the sum of its changes, its holds. */
import type { AccountState } from '#proto/bank/event/v1/events.ts';
import type { ExpectedEvent } from './reconcile-expected.ts';

type OpenHold = { readonly remainingMinor: bigint; readonly expiresMicros: bigint | null };

export type EventFold = {
  version: bigint;
  /** The sum of all changes. */
  balanceMinor: bigint;
  after: AccountState | undefined;
  opened: ExpectedEvent['opened'];
  /** Those that are open, by their ids. */
  readonly holds: Map<string, OpenHold>;
};

export function newFold(): EventFold {
  return {
    version: 0n,
    balanceMinor: 0n,
    after: undefined,
    opened: undefined,
    holds: new Map(),
  };
}

export function takeEvent(fold: EventFold, { after, entry, hold, opened }: ExpectedEvent): void {
  fold.after = after;
  fold.balanceMinor += entry.amount_minor;
  fold.opened = opened ?? fold.opened;
  if (hold === undefined) return;
  const { holdId, remainingMinor } = hold;
  const before = fold.holds.get(holdId);
  if (remainingMinor === 0n) fold.holds.delete(holdId);
  else {
    const expiresMicros = hold.expiresMicros ?? before?.expiresMicros ?? null;
    fold.holds.set(holdId, { remainingMinor, expiresMicros });
  }
}
