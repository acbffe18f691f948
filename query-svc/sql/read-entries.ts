/**
 * The entries of a range of an account's versions, ascending, by the primary key. Versions have no
 * gap, so the range bounds the page, whatever plan is taken.
 */
import type pg from 'pg';
import type { EntryView } from '../entry-view.ts';
import { ENTRY_COLUMNS, ENTRY_LINKS, entryViews, type EntryRow } from './entry-row.ts';

const TEXT = `
  select ${ENTRY_COLUMNS}
  from entries e
  ${ENTRY_LINKS}
  where e.account_id = $1 and e.version >= $2 and e.version < $3
  order by e.version`;

export async function readEntries(
  db: Pick<pg.Pool, 'query'>,
  accountId: string,
  [fromVersion, endVersion]: readonly [bigint, bigint],
): Promise<EntryView[]> {
  const { rows } = await db.query<EntryRow>({
    name: 'read-entries',
    text: TEXT,
    values: [accountId, fromVersion, endVersion],
  });
  return entryViews(rows);
}
