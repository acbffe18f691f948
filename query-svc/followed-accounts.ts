/**
 * Who waits for news of which account, behind which version: the table of account-changes.ts. An
 * account is followed from before its watcher first reads it, so that a notice that comes while
 * nobody waits is kept as a mark. Watchers that wait for the same are one wish.
 */
import { noticeName } from '#platform/notice-names.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import type { Change } from './sql/read-changes.ts';

export type Wish = {
  readonly key: string;
  readonly followed: Followed;
  readonly version: bigint;
  readonly newestOnly: boolean;
  readonly settlers: Set<Settler>;
};
export type Settler = { resolve(change: Change): void; reject(error: Error): void };

export type Followed = {
  readonly accountId: string;
  /** How a notice names it. */
  readonly name: string;
  followers: number;
  /** Something may have changed since it was last read. */
  isStale: boolean;
  /** The newest version that was read. */
  seenVersion: bigint;
  readonly wishes: Map<string, Wish>;
};

export class FollowedAccounts {
  readonly #byId = new Map<string, Followed>();
  readonly #byName = new Map<string, Set<Followed>>();
  /** With a wish that a read may grant. */
  readonly #wanted = new Set<Followed>();

  get count(): number {
    return this.#byId.size;
  }

  get isWanted(): boolean {
    return this.#wanted.size > 0;
  }

  follow(accountId: string): Followed {
    const known = this.#byId.get(accountId);
    if (known !== undefined) {
      known.followers++;
      return known;
    }
    const name = noticeName(uuidToBytes(accountId));
    // Never read: whoever resumes behind an old version finds its backlog at once.
    const state = { followers: 1, isStale: true, seenVersion: 0n, wishes: new Map() };
    const followed: Followed = { accountId, name, ...state };
    this.#byId.set(accountId, followed);
    this.#byName.set(name, (this.#byName.get(name) ?? new Set()).add(followed));
    return followed;
  }

  unfollow(followed: Followed): void {
    followed.followers--;
    if (followed.followers > 0) return;
    this.#byId.delete(followed.accountId);
    this.#wanted.delete(followed);
    const namesakes = this.#byName.get(followed.name);
    namesakes?.delete(followed);
    if (namesakes?.size === 0) this.#byName.delete(followed.name);
  }

  /** Answers how to take the wish back. */
  wish(followed: Followed, version: bigint, newestOnly: boolean, settler: Settler): () => void {
    const key = `${version} ${newestOnly}`;
    const settlers = new Set<Settler>();
    const wish = followed.wishes.get(key) ?? { key, followed, version, newestOnly, settlers };
    wish.settlers.add(settler);
    followed.wishes.set(key, wish);
    this.refresh(followed);
    return () => {
      wish.settlers.delete(settler);
      if (wish.settlers.size > 0 || followed.wishes.get(key) !== wish) return;
      followed.wishes.delete(key);
      this.refresh(followed);
    };
  }

  /** Something may have changed: of the accounts that are named, or of all of them. */
  mark(names: readonly string[] | undefined): void {
    const named = names?.flatMap((name) => [...(this.#byName.get(name) ?? [])]);
    for (const followed of named ?? this.#byId.values()) {
      followed.isStale = true;
      this.refresh(followed);
    }
  }

  refresh(followed: Followed): void {
    const { isStale, seenVersion } = followed;
    const wishes = [...followed.wishes.values()];
    const isWanted = isStale ? wishes.length > 0 : wishes.some((one) => one.version < seenVersion);
    if (isWanted) this.#wanted.add(followed);
    else this.#wanted.delete(followed);
  }

  /** Wishes for one read. Their accounts count as fresh from now on. */
  take(wishesMax: number): Wish[] {
    const taken: Wish[] = [];
    for (const followed of this.#wanted) {
      if (taken.length > 0 && taken.length + followed.wishes.size > wishesMax) break;
      this.#wanted.delete(followed);
      followed.isStale = false;
      taken.push(...followed.wishes.values());
    }
    return taken;
  }

  all(): Wish[] {
    return [...this.#byId.values()].flatMap((followed) => [...followed.wishes.values()]);
  }
}

/** Takes the wish out of its account and answers all who had it. */
export function settle({ key, followed, settlers }: Wish, answer: (one: Settler) => void): void {
  followed.wishes.delete(key);
  for (const settler of settlers) answer(settler);
  settlers.clear();
}
