/**
 * The rows that hold items of a window of indexes: what is stored there, with the hash of each
 * item's content.
 */
import type { ClientBase, Pool } from 'pg';

const SQL = `
  select partition, seq, items, hashes from submission_batches
   where tenant = $1 and submission_id = $2 and last_index >= $3 and first_index < $4`;

export type StoredRow = {
  readonly partition: number;
  readonly seq: bigint;
  readonly items: Buffer;
  /** 8 bytes an item, in the order of items. */
  readonly hashes: Buffer;
};

export async function readStoredWindow(
  db: ClientBase | Pool,
  submission: { readonly tenant: string; readonly submissionId: string },
  firstIndex: number,
  endIndex: number,
): Promise<StoredRow[]> {
  const { rows } = await db.query<StoredRow>({
    name: 'read-stored-window',
    text: SQL,
    values: [submission.tenant, submission.submissionId, firstIndex, endIndex],
  });
  return rows;
}
