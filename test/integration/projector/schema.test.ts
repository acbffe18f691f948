/**
 * The projection store's schema as it stands: projector-svc/schema.sql is what the migrations make,
 * for reading and for reviews. BANK_WRITE_SCHEMA=1 writes the file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dumpSchema } from '#platform/migrate.ts';
import { openDatabases } from '#test/support/databases.ts';

const FILE = new URL('../../../projector-svc/schema.sql', import.meta.url);

test('schema.sql is what the migrations make', async () => {
  const databases = await openDatabases();
  try {
    const dump = await dumpSchema(databases.projectionStore);
    if (process.env['BANK_WRITE_SCHEMA'] === '1') writeFileSync(FILE, dump);
    expect(readFileSync(FILE, 'utf8')).toBe(dump);
  } finally {
    await databases.close();
  }
});
