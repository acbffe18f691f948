/**
 * The keys of sealed texts, at the start: every key-encryption key that the event store uses must
 * be given and be the right one, or the process does not start.
 */
import type pg from 'pg';
import { ConfigError } from '#platform/config.ts';
import { readKeyRing } from '#platform/key-ring.ts';
import type { Logger } from '#platform/logger.ts';
import { SECRET_PLACE } from '#platform/text-key.ts';
import { readKeks } from './sql/read-owner-keys.ts';
import { TextKeys } from './text-keys.ts';

export async function openTexts(eventStore: pg.Pool, log: Logger): Promise<TextKeys> {
  const ring = readKeyRing(process.env);
  const keks = await readKeks(eventStore);
  if (ring === undefined && keks.length > 0) {
    throw new ConfigError('the event store has sealed texts: set BANK_KEK or BANK_KEK_FILE');
  }
  for (const kek of keks) ring?.unwrap(kek, SECRET_PLACE);
  const texts = new TextKeys(eventStore, ring, log);
  await texts.refresh();
  return texts;
}
