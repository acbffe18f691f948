/**
 * By what each event of a decision is sealed: the key of its account, which for accounts that the
 * same batch opens is that of the owner whom it names. Pure.
 */
import type { AccountEvent } from '#domain/events.ts';
import type { TextKey } from '#platform/text-key.ts';
import type { BaseAccount } from './lane-states.ts';
import type { BatchKeys } from './owner-keys.ts';
import type { TextSeal } from './text-seal.ts';

/** The key by which an account's texts are sealed. */
export type AccountKey = { readonly accountId: string; readonly keyId: bigint };

export class DecisionSeals {
  /** The accounts that were opened so far. */
  readonly opened: AccountKey[] = [];
  readonly #keys: BatchKeys;
  readonly #ofOpened = new Map<string, TextKey>();

  constructor(keys: BatchKeys) {
    this.#keys = keys;
  }

  /** Undefined: the event says nothing of what people wrote. */
  sealOf(
    event: AccountEvent,
    accountId: string,
    { idBytes: holder }: Pick<BaseAccount, 'idBytes'>,
    { version }: { readonly version: bigint },
  ): TextSeal | undefined {
    if (event.type === 'AccountOpened') {
      const { tenant, owner } = event;
      const key = this.#keys.ofOpened({ accountId, tenant, owner });
      this.#ofOpened.set(accountId, key);
      this.opened.push({ accountId, keyId: key.keyId });
      return { key, holder, version };
    }
    if (!saysText(event)) return undefined;
    const key = this.#ofOpened.get(accountId) ?? this.#keys.ofAccounts.get(accountId);
    if (key === undefined) throw new Error(`account ${accountId} has no key for its texts`);
    return { key, holder, version };
  }
}

function saysText(event: AccountEvent): boolean {
  if ('reference' in event) return event.reference !== '';
  return 'reason' in event && event.reason !== '';
}
