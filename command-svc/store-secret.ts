/**
 * The event store's own secret, wrapped by each key-encryption key in use. By one half of it owners
 * are found without their names, by the other contents are compared without being guessable. It is
 * made once, and it tells at the start whether the right keys are given.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { ConfigError } from '#platform/config.ts';
import { KEY_BYTES, type KeyRing, type WrappedKey } from '#platform/key-ring.ts';
import { withTransaction } from '#platform/postgres.ts';
import { SECRET_PLACE } from '#platform/text-key.ts';
import { addKek, lockKeks, readKeks } from './sql/key-encryption-keys.ts';

export type StoreSecret = {
  /** Names an owner: `shard` divides what stands for many accounts. */
  ownerIndex(tenant: string, owner: string, shard: number): Buffer;
  /** Goes before each content that is hashed. */
  readonly contentKey: Buffer;
  /** Nothing was stored before texts were sealed. */
  readonly sealsAll: boolean;
};

/** Keys in the event store that nothing given opens. */
const NOT_GIVEN = 'the event store has sealed texts: set BANK_KEK or BANK_KEK_FILE';

/** Undefined: nothing is sealed. Throws ConfigError or KeyRingError where keys are missing. */
export async function openStoreSecret(
  db: Pool,
  ring: KeyRing | undefined,
): Promise<StoreSecret | undefined> {
  if (ring === undefined) {
    if ((await readKeks(db)).length > 0) throw new ConfigError(NOT_GIVEN);
    return undefined;
  }
  return withTransaction(db, async (client) => {
    await lockKeks(client);
    const keks = await readKeks(client);
    const secret = keks.length === 0 ? randomBytes(KEY_BYTES) : unwrapAll(keks, ring);
    if (!keks.some(({ kekId }) => kekId === ring.newestId)) {
      await addKek(client, ring.wrap(secret, SECRET_PLACE));
    }
    const known = await readKeks(client);
    return { ...derived(secret), sealsAll: known.every(({ sealsAll }) => sealsAll) };
  });
}

/** By each of them: one that is missing would be missed later, in the midst of work. */
function unwrapAll(keks: readonly WrappedKey[], ring: KeyRing): Buffer {
  const [secret, ...others] = keks.map((kek) => ring.unwrap(kek, SECRET_PLACE));
  if (secret === undefined || others.some((other) => !other.equals(secret))) {
    throw new Error('the key-encryption keys of the event store wrap different secrets');
  }
  return secret;
}

function derived(secret: Buffer): Omit<StoreSecret, 'sealsAll'> {
  const indexKey = createHmac('sha256', secret).update('owner index').digest();
  const contentKey = createHmac('sha256', secret).update('content hash').digest();
  return {
    contentKey,
    ownerIndex: (tenant, owner, shard) =>
      createHmac('sha256', indexKey)
        .update(JSON.stringify([tenant, owner, shard]))
        .digest(),
  };
}
