/**
 * Whether texts are sealed, and by what: opened once, at the start, which fails where the event
 * store has sealed texts and not all of its key-encryption keys are given.
 */
import { readKeyRing } from '#platform/key-ring.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import { createPool, whenThere } from '#platform/postgres.ts';
import { KEYS } from './bounds.ts';
import type { CommandConfig } from './config.ts';
import { keyContentHashes } from './content-hash.ts';
import type { Sealing } from './erase-owner.ts';
import { watchErasures } from './erasure-watch.ts';
import { OwnerKeys } from './owner-keys.ts';
import { openStoreSecret } from './store-secret.ts';

/** Undefined: texts are not sealed. Batches wait for keys, so these have their own connections. */
export async function openSealing(
  settings: CommandConfig,
  { closers, log, stopping }: ServiceContext,
): Promise<Sealing | undefined> {
  const { eventStoreUrl: url, instance, lockTimeoutMs } = settings;
  const ring = readKeyRing(process.env);
  const db = createPool({
    url,
    applicationName: `${instance}-keys`,
    maxConnections: KEYS.connectionsMax,
    statementTimeoutMs: settings.requestStatementTimeoutMs,
    lockTimeoutMs,
    log,
  });
  closers.add('key connections', () => db.end());
  const waiting = { log, stopping };
  const secret = await whenThere('the event store', waiting, () => openStoreSecret(db, ring));
  keyContentHashes(secret?.contentKey, secret?.sealsAll === false);
  if (ring === undefined || secret === undefined) return undefined;
  const ownerKeys = new OwnerKeys({ db, ring, secret, log });
  const erasures = watchErasures(ownerKeys, { db }, log);
  closers.add('erasure watch', () => erasures.stop());
  return { secret, ownerKeys };
}
