/** npm run ops -- rewrap-keys: a new key-encryption key takes the place of older ones. */
import type { Command } from 'commander';
import { readKeyRing } from '#platform/key-ring.ts';
import { asOwner } from './admin-clients.ts';
import { rewrapKeys } from './rewrap-keys.ts';

const REWRAP = `Wraps the keys of all owners by the newest key-encryption key, the last one of
BANK_KEK or BANK_KEK_FILE, and takes the older ones out of use. All services must have it by then.
As the owner: BANK_ADMIN_EVENT_STORE_URL.`;

export function addKeyCommands(program: Command): void {
  program.command('rewrap-keys').description(REWRAP).action(rewrap);
}

async function rewrap(): Promise<void> {
  const ring = readKeyRing(process.env);
  if (ring === undefined) throw new Error('BANK_KEK or BANK_KEK_FILE: must be set');
  const { keys, retired } = await asOwner('BANK_ADMIN_EVENT_STORE_URL', (eventStore) =>
    rewrapKeys(eventStore, ring),
  );
  const gone = retired.length === 0 ? 'none is out of use' : `out of use: ${retired.join(', ')}`;
  process.stdout.write(`wrapped ${keys} keys by ${ring.newestId}; ${gone}\n`);
}
