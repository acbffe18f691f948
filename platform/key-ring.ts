/**
 * Key-encryption keys (KEKs): they wrap the data keys that a store keeps, and stand nowhere in it.
 * Given as `id:key` entries, the key in base64 of 32 bytes, by BANK_KEK (divided by commas) or
 * BANK_KEK_FILE (one a line). The last entry wraps; all of them unwrap, so that a KEK is changed by
 * adding one. No message ever holds a key.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';

export type WrappedKey = { readonly kekId: string; readonly wrapped: Buffer };

/** A wrapped key cannot be unwrapped: its KEK is not given, is another one, or it was changed. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError';
}

export type KeyRing = {
  /** The one that wraps. */
  readonly newestId: string;
  has(kekId: string): boolean;
  /** `place`: where the wrapped key will stand; it unwraps there only. */
  wrap(key: Uint8Array, place: string): WrappedKey;
  /** Throws KeyRingError. */
  unwrap(key: WrappedKey, place: string): Buffer;
};

export const KEY_BYTES = 32;
const KEKS_MAX = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const ENTRY = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)$/;

/** Undefined when neither variable is set: nothing is sealed then. */
export function readKeyRing(env: NodeJS.ProcessEnv): KeyRing | undefined {
  const { BANK_KEK: text = '', BANK_KEK_FILE: file = '' } = env;
  if (text !== '' && file !== '') throw new ConfigError('BANK_KEK and BANK_KEK_FILE: set one');
  if (text !== '') return keyRing(entriesOf(text.split(','), 'BANK_KEK'));
  return file === '' ? undefined : keyRing(entriesOf(linesOf(file), 'BANK_KEK_FILE'));
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (cause) {
    throw new ConfigError(`BANK_KEK_FILE=${file}: the file cannot be read`, { cause });
  }
}

function entriesOf(lines: readonly string[], variable: string): Map<string, Buffer> {
  const keys = new Map<string, Buffer>();
  for (const line of lines.map((one) => one.trim()).filter((one) => one !== '')) {
    const [, id, key] = ENTRY.exec(line) ?? [];
    if (id === undefined || key === undefined) {
      throw new ConfigError(
        `${variable}: entry ${keys.size + 1} must be id:key, the id 1 to 64 of [A-Za-z0-9._-], ` +
          'the key 32 bytes in base64 (openssl rand -base64 32)',
      );
    }
    if (keys.has(id)) throw new ConfigError(`${variable}: the id ${id} is given twice`);
    keys.set(id, Buffer.from(key, 'base64'));
  }
  if (keys.size === 0 || keys.size > KEKS_MAX) {
    throw new ConfigError(`${variable}: must have 1 to ${KEKS_MAX} keys, has ${keys.size}`);
  }
  return keys;
}

/** In the order of their age, the newest last. */
export function keyRing(keks: ReadonlyMap<string, Uint8Array>): KeyRing {
  const newestId = [...keks.keys()].at(-1);
  const newest = newestId === undefined ? undefined : keks.get(newestId);
  if (newestId === undefined || newest === undefined) throw new RangeError('a ring needs a key');
  return {
    newestId,
    has: (kekId) => keks.has(kekId),
    wrap(key, place) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, newest, nonce).setAAD(placeBytes(place));
      const wrapped = Buffer.concat([nonce, cipher.update(key), cipher.final()]);
      return { kekId: newestId, wrapped: Buffer.concat([wrapped, cipher.getAuthTag()]) };
    },
    unwrap({ kekId, wrapped }, place) {
      const kek = keks.get(kekId);
      if (kek === undefined) {
        throw new KeyRingError(
          `a key is wrapped by the key-encryption key ${kekId}, which is not given: ` +
            'add it to BANK_KEK or BANK_KEK_FILE',
        );
      }
      try {
        const tagAt = wrapped.length - TAG_BYTES;
        const options = { authTagLength: TAG_BYTES };
        const nonce = wrapped.subarray(0, NONCE_BYTES);
        const cipher = createDecipheriv(CIPHER, kek, nonce, options)
          .setAAD(placeBytes(place))
          .setAuthTag(wrapped.subarray(tagAt));
        return Buffer.concat([cipher.update(wrapped.subarray(NONCE_BYTES, tagAt)), cipher.final()]);
      } catch (cause) {
        throw new KeyRingError(
          `a key does not open by the key-encryption key ${kekId}: ` +
            'another key is given under this id, or the wrapped key was changed',
          { cause },
        );
      }
    },
  };
}

function placeBytes(place: string): Buffer {
  return createHash('sha256').update(place).digest();
}
