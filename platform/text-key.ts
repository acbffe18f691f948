/**
 * A data key in memory. Everybody who seals or opens by it holds the same object, so that the key
 * is gone for all of them at once when it is destroyed.
 */
import type { KeyObject } from 'node:crypto';
import { KeyRingError, type KeyRing } from './key-ring.ts';
import type { Logger } from './logger.ts';
import { textKey } from './sealed-text.ts';

export type TextKey = {
  readonly keyId: bigint;
  /** As it stands beside each text that it has sealed. */
  readonly name: string;
  /** Undefined: it was destroyed. */
  key: KeyObject | undefined;
};

export type StoredTextKey = {
  readonly key_id: bigint;
  /** Whose it is; it unwraps there only. */
  readonly owner_index: Buffer;
  /** Null, with the next: it was destroyed. */
  readonly kek_id: string | null;
  readonly wrapped_key: Buffer | null;
};

/**
 * Throws KeyRingError when its key-encryption key is not given. One that does not open by the right
 * one is broken: it counts as destroyed, so that it holds up nobody else, and is logged.
 */
export function openTextKey(ring: KeyRing, row: StoredTextKey, log: Logger): TextKey {
  const { key_id: keyId, owner_index: index, kek_id: kekId, wrapped_key: wrapped } = row;
  const name = keyId.toString();
  if (kekId === null || wrapped === null) return { keyId, name, key: undefined };
  try {
    return { keyId, name, key: textKey(ring.unwrap({ kekId, wrapped }, keyPlace(index))) };
  } catch (error) {
    if (!(error instanceof KeyRingError) || !ring.has(kekId)) throw error;
    log.error('ALARM: the key of an owner is broken: its texts cannot be opened.', {
      keyId,
      err: error,
    });
    return { keyId, name, key: undefined };
  }
}

/** Where a wrapped data key stands: with its owner. */
export function keyPlace(ownerIndex: Buffer): string {
  return `owner ${ownerIndex.toString('hex')}`;
}

/** Where the store's own secret stands. */
export const SECRET_PLACE = 'secret';

/** What stands beside a text as the name of its key; undefined: no key has such a name. */
export function keyIdOf(name: string): bigint | undefined {
  return /^[1-9]\d{0,17}$/.test(name) ? BigInt(name) : undefined;
}
