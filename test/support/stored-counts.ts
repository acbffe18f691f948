/** How far a submission has come, in both stores, for tests that strike in the middle of one. */
import type { Stores } from '#test/support/stored-rows.ts';

/** Items stored, whatever their outcome. */
export async function storedItems({ eventStore }: Stores, submissionId: string): Promise<number> {
  const { rows } = await eventStore.query<{ items: bigint }>(
    `select coalesce(sum(accepted + rejected + replayed), 0)::bigint as items
       from submission_batches where tenant = $1 and submission_id = $2`,
    ['', submissionId],
  );
  return Number(rows[0]?.items ?? 0n);
}

/** Accepted items that the read side has. */
export async function projectedItems(
  { projectionStore }: Stores,
  submissionId: string,
): Promise<number> {
  const { rows } = await projectionStore.query<{ items: bigint }>(
    `select coalesce(sum(item_count), 0)::bigint as items
       from acknowledgements where tenant = $1 and submission_id = $2`,
    ['', submissionId],
  );
  return Number(rows[0]?.items ?? 0n);
}
