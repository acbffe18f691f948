/**
 * The keys of sealed texts, read from the event store as records ask for them and remembered, a
 * bounded number of them. It follows the erasures of owners: `erasureNo` says up to which one its
 * keys are forgotten. A head that is moved asks for it, so that no replica, however late, shows a
 * text after it was taken out. Texts without a key-encryption key end the process: shown as empty
 * they would be lost in silence.
 */
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { KeyRingError, type KeyRing } from '#platform/key-ring.ts';
import type { Logger } from '#platform/logger.ts';
import { openTextKey, type TextKey } from '#platform/text-key.ts';
import { TEXTS } from './bounds.ts';
import { readErasures } from './sql/read-erasures.ts';
import { readOwnerKeys } from './sql/read-owner-keys.ts';
import { textOpener, type TextOpener } from './text-opener.ts';

export class TextKeys {
  /** Undefined: no key-encryption key is given. */
  readonly ring: KeyRing | undefined;
  readonly log: Logger;
  readonly #eventStore: pg.Pool;
  readonly #keys = new LRUCache<bigint, TextKey>({ max: TEXTS.keysCachedMax });
  #erasureNo = 0n;

  constructor(eventStore: pg.Pool, ring: KeyRing | undefined, log: Logger) {
    this.#eventStore = eventStore;
    this.log = log;
    this.ring = ring;
  }

  /** The newest erasure whose key is forgotten here. */
  get erasureNo(): bigint {
    return this.#erasureNo;
  }

  /** Forgets the keys of all that were erased. */
  async refresh(): Promise<void> {
    for (;;) {
      const countMax = TEXTS.erasuresAtOnceMax;
      const erased = await readErasures(this.#eventStore, this.#erasureNo, countMax);
      for (const { keyId, erasureNo } of erased) {
        this.#keys.delete(keyId);
        if (erasureNo > this.#erasureNo) this.#erasureNo = erasureNo;
      }
      if (erased.length < countMax) return;
    }
  }

  /** What `make` makes, with all keys that it asks for; it may be called several times. */
  async opened<T>(make: (texts: TextOpener) => T): Promise<T> {
    for (let round = 0; round < TEXTS.roundsMax; round++) {
      const made = await this.#tried(make);
      if (made !== undefined) return made.value;
    }
    throw new Error('owners are erased faster than their texts are read');
  }

  /** Undefined: an erasure came to be known while keys were read. */
  async #tried<T>(make: (texts: TextOpener) => T): Promise<{ readonly value: T } | undefined> {
    const erasureNo = this.#erasureNo;
    const read = new Map<bigint, TextKey | null>();
    const missing = new Set<bigint>();
    const keyOf = (keyId: bigint) => read.get(keyId) ?? this.#known(keyId, read);
    const value = make(textOpener(erasureNo, keyOf, missing));
    if (missing.size === 0) return { value };
    await this.#read([...missing], read);
    if (erasureNo !== this.#erasureNo) return undefined;
    for (const [keyId, key] of read) if (key !== null) this.#keys.set(keyId, key);
    // Nothing is waited for between here and the rows: what is read counts, cached or not.
    return { value: make(textOpener(erasureNo, keyOf, missing)) };
  }

  #known(keyId: bigint, read: ReadonlyMap<bigint, TextKey | null>): TextKey | null | undefined {
    return read.has(keyId) ? null : this.#keys.get(keyId);
  }

  async #read(keyIds: readonly bigint[], read: Map<bigint, TextKey | null>): Promise<void> {
    const { ring } = this;
    if (ring === undefined) {
      throw new KeyRingError('a text is sealed: set BANK_KEK or BANK_KEK_FILE');
    }
    for (const row of await readOwnerKeys(this.#eventStore, keyIds)) {
      read.set(row.key_id, openTextKey(ring, row, this.log));
    }
    for (const keyId of keyIds) if (!read.has(keyId)) read.set(keyId, null);
  }
}
