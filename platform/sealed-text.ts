/**
 * Single texts sealed by AES-256-GCM. A text is bound to the place where it stands, a holder's 16
 * bytes and a number (its version), by associated data: moved elsewhere it does not open. Nonces
 * are random: a key may seal 2^32 texts before two of the same become likelier than 2^-32, and no
 * two are alike when the same place is sealed again with another text, as a repeated try does.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  randomFillSync,
  type KeyObject,
} from 'node:crypto';
import { copyBytes, putInt32 } from './put-bytes.ts';

export type SealedBytes = { readonly nonce: Uint8Array; readonly ciphertext: Uint8Array };

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES };
/** Random bytes are cheap by the thousand only. */
const NONCES_AT_ONCE = 512;
let nonces = Buffer.alloc(0);
let nonceAt = 0;
const HOLDER_BYTES = 16;
const place = Buffer.alloc(HOLDER_BYTES + 8);

/** Made once a key: a cipher costs six times as much by the bytes alone. */
export function textKey(key: Uint8Array): KeyObject {
  return createSecretKey(key);
}

/** `holder`: 16 bytes. */
export function sealText(
  key: KeyObject,
  holder: Uint8Array,
  version: bigint,
  text: string,
): SealedBytes {
  if (nonceAt === nonces.length) {
    nonces = randomFillSync(Buffer.alloc(NONCE_BYTES * NONCES_AT_ONCE));
    nonceAt = 0;
  }
  const nonce = nonces.subarray(nonceAt, (nonceAt += NONCE_BYTES));
  const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS).setAAD(placeOf(holder, version));
  const sealed = cipher.update(text, 'utf8');
  cipher.final(); // nothing is left over: it only makes the tag
  return { nonce, ciphertext: Buffer.concat([sealed, cipher.getAuthTag()]) };
}

/** The text's bytes; undefined: it was changed, moved here, or sealed by another key. */
export function openText(
  key: KeyObject,
  holder: Uint8Array,
  version: bigint,
  { nonce, ciphertext }: SealedBytes,
): Buffer | undefined {
  const tagAt = ciphertext.length - TAG_BYTES;
  if (nonce.length !== NONCE_BYTES || tagAt < 0) return undefined;
  try {
    const cipher = createDecipheriv(CIPHER, key, nonce, OPTIONS)
      .setAAD(placeOf(holder, version))
      .setAuthTag(ciphertext.subarray(tagAt));
    const opened = cipher.update(ciphertext.subarray(0, tagAt));
    cipher.final();
    return opened;
  } catch {
    return undefined; // the tag does not fit: the only thing that can be wrong here
  }
}

/** Versions are far below 2^53. */
function placeOf(holder: Uint8Array, version: bigint): Buffer {
  if (holder.length !== HOLDER_BYTES) throw new RangeError(`a holder of ${holder.length} bytes`);
  copyBytes(holder, 0, HOLDER_BYTES, place, 0);
  const number = Number(version);
  putInt32(place, HOLDER_BYTES, Math.floor(number / 2 ** 32));
  putInt32(place, HOLDER_BYTES + 4, number);
  return place;
}
