/**
 * What the random clients know of the accounts that they share: which there are, holds that may be
 * open, operations that may be undone. All of it may be out of date, and is bounded.
 */
import type { Random } from '#test/support/random.ts';

export type KnownHold = { readonly accountId: string; readonly holdId: string };
export type KnownOperation = { readonly accountId: string; readonly operationId: string };

const ACCOUNTS_MAX = 48;
const HOLDS_MAX = 200;
const OPERATIONS_MAX = 200;
/** Fewer are not closed, and new ones are opened first. */
export const ACCOUNTS_MIN = 16;

export class KnownAccounts {
  readonly #accounts: string[] = [];
  readonly #holds: KnownHold[] = [];
  readonly #operations: KnownOperation[] = [];

  get size(): number {
    return this.#accounts.length;
  }

  get isFull(): boolean {
    return this.#accounts.length >= ACCOUNTS_MAX;
  }

  opened(accountId: string): void {
    if (!this.isFull) this.#accounts.push(accountId);
  }

  closed(accountId: string): void {
    const at = this.#accounts.indexOf(accountId);
    if (at >= 0) this.#accounts.splice(at, 1);
  }

  held(hold: KnownHold): void {
    push(this.#holds, hold, HOLDS_MAX);
  }

  executed(operation: KnownOperation): void {
    push(this.#operations, operation, OPERATIONS_MAX);
  }

  pick(random: Random): string {
    return random.pick(this.#accounts);
  }

  pickOther(random: Random, accountId: string): string {
    return random.pick(this.#accounts.filter((id) => id !== accountId));
  }

  /** Taken out, unless it is to be used again. */
  takeHold(random: Random, keep: boolean): KnownHold | undefined {
    return take(this.#holds, random, keep);
  }

  takeOperation(random: Random): KnownOperation | undefined {
    return take(this.#operations, random, false);
  }
}

function push<T>(list: T[], one: T, max: number): void {
  list.push(one);
  if (list.length > max) list.shift();
}

function take<T>(list: T[], random: Random, keep: boolean): T | undefined {
  if (list.length === 0) return undefined;
  const at = random.below(list.length);
  return keep ? list[at] : list.splice(at, 1)[0];
}
