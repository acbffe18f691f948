/**
 * Takes the texts of erased owners out of the projection. Each replica looks once a second which
 * erasures of the event store are not done here yet, and does them in their order:
 *   1 fence    no head moves for a replica that does not know of the erasure: texts that it has
 *              opened before cannot come any more
 *   2 texts    owner and references of each account of the key, in all tables that there are
 *   3 done     kept, once it is sure that no table was made or has changed places meanwhile
 * It may be stopped anywhere, and done twice at once: what is done again finds nothing. An erasure
 * is a row of the event store, so an outage only puts it off, and a rebuild opens nothing of it.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { sleep } from '#platform/waiting.ts';
import { TEXTS } from './bounds.ts';
import { readErasures, type Erasure } from './sql/read-erasures.ts';
import { readKeyAccounts } from './sql/read-key-accounts.ts';
import {
  fenceHeads,
  keepPurged,
  projectionTables,
  purgeAccount,
  readPurged,
  type ProjectionTables,
} from './sql/purge-texts.ts';
import type { TextKeys } from './text-keys.ts';

export type PurgeContext = {
  readonly eventStore: pg.Pool;
  readonly projection: pg.Pool;
  readonly texts: TextKeys;
  readonly log: Logger;
};

/** Until the process stops; a round that fails is tried again as the next one. */
export async function purgeRegularly(ctx: PurgeContext, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    try {
      await purgeErased(ctx);
    } catch (error) {
      ctx.log.warn('Erased texts could not be taken out; the next round tries again.', {
        err: error,
      });
    }
    await sleep(TEXTS.erasuresEveryMs, stopping).catch(() => undefined); // told to stop
  }
}

/** All that are known by now. */
export async function purgeErased(ctx: PurgeContext): Promise<void> {
  await ctx.texts.refresh();
  const purged = await readPurged(ctx.projection);
  for (const erasure of await readErasures(ctx.eventStore, purged, TEXTS.erasuresAtOnceMax)) {
    const accounts = await purge(ctx, erasure);
    await keepPurged(ctx.projection, erasure.erasureNo);
    const { keyId, erasureNo } = erasure;
    ctx.log.info('An erased owner is gone from the projection.', { keyId, erasureNo, accounts });
  }
}

/** Answers how many accounts it was. */
async function purge(ctx: PurgeContext, { keyId, erasureNo }: Erasure): Promise<number> {
  const { projection } = ctx;
  for (let round = 0; round < TEXTS.roundsMax; round++) {
    const tables = await projectionTables(projection);
    await fenceHeads(projection, tables, erasureNo, TEXTS.fenceLockTimeoutMs);
    const accounts = await purgeAccounts(ctx, tables, keyId);
    if ((await projectionTables(projection)).names === tables.names) return accounts;
  }
  throw new Error('the tables of the projection change faster than texts are taken out of them');
}

const NIL = '00000000-0000-0000-0000-000000000000';

async function purgeAccounts(
  { eventStore, projection }: PurgeContext,
  tables: ProjectionTables,
  keyId: bigint,
): Promise<number> {
  let after = NIL;
  let count = 0;
  for (;;) {
    const page = await readKeyAccounts(eventStore, keyId, after, TEXTS.accountsAtOnceMax);
    for (const accountId of page) {
      await purgeAccount(projection, tables, accountId, TEXTS.entriesAtOnceMax);
    }
    count += page.length;
    after = page.at(-1) ?? after;
    if (page.length < TEXTS.accountsAtOnceMax) return count;
  }
}
