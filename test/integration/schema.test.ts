/**
 * Both stores' schemas as they stand: a service's schema.sql is what its migrations make, for
 * reading and for reviews. BANK_WRITE_SCHEMA=1 writes the files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dumpSchema } from '#platform/migrate.ts';
import { openDatabases } from '#test/support/databases.ts';

test.each([
  ['command-svc', 'eventStore'],
  ['projector-svc', 'projectionStore'],
] as const)('%s/schema.sql is what the migrations make', async (service, store) => {
  const file = new URL(`../../${service}/schema.sql`, import.meta.url);
  const databases = await openDatabases();
  try {
    const dump = await dumpSchema(databases[store]);
    if (process.env['BANK_WRITE_SCHEMA'] === '1') writeFileSync(file, dump);
    expect(readFileSync(file, 'utf8')).toBe(dump);
  } finally {
    await databases.close();
  }
});
