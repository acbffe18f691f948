/**
 * Whose an account is, by its first event, and who may reach it. Whoever may not is told what he is
 * told of an account that does not exist. Without authentication everybody reaches everything, and
 * nobody asks. A sealed owner is opened by its key; one that is erased is nobody.
 */
import { isReached, type Caller, type Reach } from '#platform/caller.ts';
import { openText } from '#platform/sealed-text.ts';
import { keyIdOf, type TextKey } from '#platform/text-key.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { Event, type SealedText } from '#proto/bank/event/v1/events.ts';
import type { OwnerKeys } from './owner-keys.ts';

export type Holder = { readonly tenant: string; readonly owner: string };

/** An account's first event. */
export type OpenedEvent = { readonly accountId: string; readonly payload: Uint8Array };

type Asking = Reach & Pick<Caller, 'scopes'>;
type Keys = ReadonlyMap<bigint, TextKey>;

const NO_KEYS: Keys = new Map();
/** An account is opened by its first event. */
const OPENED_VERSION = 1n;

/** Undefined: of every account. */
export function reachOf(caller: Asking): Reach | undefined {
  return caller.scopes === undefined ? undefined : caller;
}

export class Holders {
  readonly #keys: Pick<OwnerKeys, 'byIds' | 'onForgotten'> | undefined;

  /** `keys` undefined: nothing is sealed. */
  constructor(keys: Pick<OwnerKeys, 'byIds' | 'onForgotten'> | undefined) {
    this.#keys = keys;
  }

  /** By account id. */
  async ofOpened(events: readonly OpenedEvent[]): Promise<Map<string, Holder>> {
    const opened = events.map((event) => ({ ...event, ...openedBy(event) }));
    const named = opened.flatMap(({ owner }) => keyOf(owner) ?? []);
    const keys = named.length === 0 ? NO_KEYS : await this.#keys?.byIds(new Set(named));
    return new Map(
      opened.map(({ accountId, tenant, owner }) => {
        return [accountId, { tenant, owner: ownerText(owner, accountId, keys ?? NO_KEYS) }];
      }),
    );
  }

  /** `opened` undefined: there is no such account. */
  async reaches(caller: Asking, opened: OpenedEvent | undefined): Promise<boolean> {
    if (opened === undefined) return false;
    if (caller.scopes === undefined) return true;
    const holder = (await this.ofOpened([opened])).get(opened.accountId);
    return holder !== undefined && isReached(caller, holder);
  }

  /** Called when an owner is erased: what was answered is not to be remembered. */
  onForgotten(listener: () => void): void {
    this.#keys?.onForgotten(listener);
  }
}

function openedBy({ accountId, payload }: OpenedEvent) {
  const { body } = Event.decode(payload);
  if (body?.$case !== 'accountOpened') {
    throw new Error(`ALARM: the first event of account ${accountId} does not open it`);
  }
  const { tenant, owner } = body.value;
  return { tenant, owner };
}

function keyOf(text: SealedText | undefined): bigint | undefined {
  return text?.form?.$case === 'sealed' ? keyIdOf(text.form.value.keyId) : undefined;
}

/** Empty: there is none, or it is erased, or cannot be opened. */
function ownerText(text: SealedText | undefined, accountId: string, keys: Keys): string {
  if (text?.form === undefined) return '';
  if (text.form.$case === 'plain') return text.form.value;
  const key = keys.get(keyOf(text) ?? 0n)?.key;
  if (key === undefined) return '';
  const account = uuidToBytes(accountId);
  return openText(key, account, OPENED_VERSION, text.form.value)?.toString('utf8') ?? '';
}
