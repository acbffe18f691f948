/** Old rows of a test's event store to files in a folder, and back, as the ops commands do. */
import pg from 'pg';
import { archiveLog } from '#deploy/ops/archive-log.ts';
import { unarchiveLog } from '#deploy/ops/unarchive-log.ts';
import type { Databases } from '#test/support/databases.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How many rows have gone. `days`: only older ones; below 0 takes those of now, too. */
export function archiveRows(databases: Databases, folder: string, days: number): Promise<number> {
  return asOwner(databases, async (eventStore, projectionStore) => {
    const olderThan = new Date(Date.now() - days * DAY_MS);
    const rest = { partition: undefined, onFile: () => undefined };
    return (await archiveLog({ eventStore, projectionStore, folder, olderThan, ...rest })).rows;
  });
}

export function unarchiveRows(
  databases: Databases,
  folder: string,
  partition?: number,
): Promise<number> {
  return asOwner(databases, async (eventStore) => {
    const rest = { fromSeq: undefined, toSeq: undefined, onFile: () => undefined };
    return (await unarchiveLog({ eventStore, folder, partition, ...rest })).rows;
  });
}

async function asOwner<T>(
  { eventStoreUrl, projectionStoreUrl }: Databases,
  work: (eventStore: pg.Client, projectionStore: pg.Client) => Promise<T>,
): Promise<T> {
  const eventStore = new pg.Client(eventStoreUrl('postgres'));
  const projectionStore = new pg.Client(projectionStoreUrl('postgres'));
  try {
    await Promise.all([eventStore.connect(), projectionStore.connect()]);
    return await work(eventStore, projectionStore);
  } finally {
    await Promise.all([eventStore.end(), projectionStore.end()]);
  }
}
