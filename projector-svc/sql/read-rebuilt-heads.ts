/** How far a rebuild is: the head of each partition in its own tables. */
import type pg from 'pg';
import { SQL_STATE, sqlStateOf } from '#platform/postgres.ts';

const SQL = 'select partition, seq, batch_id from rebuild.projected_heads order by partition';

export type RebuiltHead = { partition: number; seq: bigint; batchId: string | undefined };

/** The tables of the rebuild are not there: it was swapped in, or dropped. */
export class RebuildGone extends Error {
  override readonly name = 'RebuildGone';
}

export async function readRebuiltHeads(db: pg.Pool | pg.PoolClient): Promise<RebuiltHead[]> {
  try {
    const { rows } = await db.query<{ partition: number; seq: bigint; batch_id: string | null }>({
      name: 'read_rebuilt_heads',
      text: SQL,
    });
    return rows.map(({ partition, seq, batch_id }) => {
      return { partition, seq, batchId: batch_id ?? undefined };
    });
  } catch (error) {
    throw goneOr(error);
  }
}

/** The same error, unless it says that the tables are gone. */
export function goneOr(error: unknown): Error {
  if (sqlStateOf(error) === SQL_STATE.undefinedTable) {
    return new RebuildGone('the tables of the rebuild are not there', { cause: error });
  }
  return error instanceof Error ? error : new Error('unknown', { cause: error });
}
