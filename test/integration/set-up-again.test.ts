/** db:setup, run again: what is missing is made, and what is there stays. */
import { expect, test } from 'vitest';
import { setUpDatabases } from '#deploy/database/set-up-databases.ts';
import { openDatabases } from '#test/support/databases.ts';

const PUBLISHED = `
  select tablename, attnames::text, rowfilter, pubinsert, pubupdate, pubdelete, pubtruncate
    from pg_publication join pg_publication_tables using (pubname)
   where pubname = 'bank_outbox' order by tablename`;

test('a publication that was dropped is made again, as it was', async () => {
  const databases = await openDatabases();
  const { eventStore } = databases;
  const published = async () => (await eventStore.query<Record<string, unknown>>(PUBLISHED)).rows;
  const { rows } = await eventStore.query<{ partitions: number }>(
    'select partition_count as partitions from ledger',
  );
  const setUp = async (): Promise<string[]> => {
    const steps: string[] = [];
    await setUpDatabases({
      eventStoreUrl: databases.eventStoreUrl('postgres'),
      projectionStoreUrl: databases.projectionStoreUrl('postgres'),
      partitions: rows[0]?.partitions ?? 0,
      passwords: {},
      onStep: (step) => steps.push(step),
    });
    return steps;
  };
  try {
    const before = await published();
    expect(before).toHaveLength(2);
    expect(await setUp()).toEqual([]);
    await eventStore.query('drop publication bank_outbox');
    expect(await setUp()).toEqual(['made the publication bank_outbox']);
    expect(await published()).toEqual(before);
  } finally {
    await databases.close();
  }
});
