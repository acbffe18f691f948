/**
 * One account's events against its entries, balance and holds, over as many pages as it takes. Both
 * are compared up to the version that the projection shows: what is in the event store beyond it
 * may only be on its way. Every difference is told as a finding; none stops the comparison.
 */
import {
  balanceText,
  compareBalance,
  compareHolds,
  differingFields,
  entryText,
  fieldsText,
  stateText,
} from './reconcile-differences.ts';
import type { Report } from './reconcile-differences.ts';
import { expectedOf } from './reconcile-expected.ts';
import type { ExpectedEvent } from './reconcile-expected.ts';
import { newFold, takeEvent } from './reconcile-fold.ts';
import type { AccountPart } from './reconcile-page.ts';
import type { TextReader } from './reconcile-texts.ts';
import type { StoredEvent } from './sql/read-event-page.ts';
import type { ProjectedEntry } from './sql/read-projection-page.ts';

export type Finding = {
  readonly accountId: string;
  readonly version: bigint;
  readonly kind: string;
  readonly expected: string;
  readonly found: string;
};

/** What one account has come to. */
export type AccountOutcome = {
  readonly events: bigint;
  /** The newest event, when the projection does not show it yet. */
  readonly behind: StoredEvent | undefined;
  readonly currencyCode: string;
  readonly eventsMinor: bigint;
  readonly projectedMinor: bigint;
};

export class AccountComparison {
  readonly accountId: string;
  #untold: Finding[] = [];
  readonly #fold = newFold();
  #events = 0n;
  #entriesMinor = 0n;
  #newestEntry = 0n;
  #newest: StoredEvent | undefined;

  constructor(accountId: string) {
    this.accountId = accountId;
  }

  /** What was found since the last time. */
  takeFindings(): Finding[] {
    const taken = this.#untold;
    this.#untold = [];
    return taken;
  }

  /** Takes a page of it. False: the projection is behind here, and the rest is not compared. */
  add(part: AccountPart, textOf: TextReader): boolean {
    const entries = new Map(part.entries.map((entry) => [entry.version, entry]));
    this.#newestEntry = part.entries.at(-1)?.version ?? this.#newestEntry;
    this.#newest = part.events.at(-1) ?? this.#newest;
    const balanceVersion = part.balance?.version ?? 0n;
    const shown = balanceVersion > this.#newestEntry ? balanceVersion : this.#newestEntry;
    let upTo = 0n;
    for (const event of part.events) {
      if (event.version > shown) continue;
      upTo = event.version;
      this.#compareEvent(event, entries.get(event.version), textOf);
      entries.delete(event.version);
    }
    for (const entry of entries.values()) {
      this.#entriesMinor += entry.amount_minor;
      this.#report(entry.version, 'ENTRY_EXTRA', '', entryText(entry));
    }
    return upTo === (part.events.at(-1)?.version ?? upTo);
  }

  /** With the balance and the holds of its last page. */
  finish({ balance, holds }: Pick<AccountPart, 'balance' | 'holds'>): AccountOutcome {
    const { after, version } = this.#fold;
    if (balance !== undefined && this.#newest === undefined) {
      this.#report(balance.version, 'ACCOUNT_EXTRA', '', balanceText(balance));
    } else if (balance !== undefined) {
      compareBalance(this.#report, balance, this.#fold, this.#entriesMinor);
    } else if (this.#newestEntry > 0n) {
      this.#report(version, 'ACCOUNT_MISSING', stateText(version, after), '');
    }
    compareHolds(this.#report, version, this.#fold.holds, holds);
    const newest = this.#newest;
    const isBehind = newest !== undefined && newest.version > version;
    return {
      events: this.#events,
      behind: isBehind ? newest : undefined,
      currencyCode: after?.currencyCode ?? balance?.currency_code ?? '',
      eventsMinor: this.#fold.balanceMinor,
      projectedMinor: balance?.balance_minor ?? 0n,
    };
  }

  #compareEvent(event: StoredEvent, entry: ProjectedEntry | undefined, textOf: TextReader): void {
    const { version } = event;
    const fold = this.#fold;
    this.#events += 1n;
    if (version !== fold.version + 1n) {
      this.#report(version, 'EVENT_MISSING', `version ${fold.version + 1n}`, `version ${version}`);
    }
    fold.version = version;
    const expected = this.#decoded(event, textOf);
    if (entry !== undefined) this.#entriesMinor += entry.amount_minor;
    if (expected === undefined) return;
    takeEvent(fold, expected);
    if (fold.balanceMinor !== expected.after.balanceMinor) {
      const { balanceMinor } = expected.after;
      this.#report(version, 'EVENT_SUM_DIFFERS', fold.balanceMinor, balanceMinor);
      fold.balanceMinor = balanceMinor;
    }
    if (entry === undefined) {
      this.#report(version, 'ENTRY_MISSING', entryText(expected.entry), '');
      return;
    }
    const fields = differingFields(expected.entry, entry);
    if (fields.length === 0) return;
    const [wanted, found] = [fieldsText(expected.entry, fields), fieldsText(entry, fields)];
    this.#report(version, 'ENTRY_DIFFERS', wanted, found);
  }

  #decoded(event: StoredEvent, textOf: TextReader): ExpectedEvent | undefined {
    try {
      return expectedOf(event, textOf);
    } catch (error) {
      this.#report(event.version, 'EVENT_UNREADABLE', 'an event', String(error));
      return undefined;
    }
  }

  readonly #report: Report = (version, kind, expected, found) => {
    const { accountId } = this;
    const finding = { accountId, version, kind };
    this.#untold.push({ ...finding, expected: String(expected), found: String(found) });
  };
}
