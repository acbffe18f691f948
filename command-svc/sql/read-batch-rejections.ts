/** The refused items that a committed batch stored, looked for within its own indexes only. */
import type { ClientBase } from 'pg';

const SQL = `
  select tenant, submission_id, item_index, reason, message, field
    from rejections
    join unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
         as x(tenant, submission_id, first_index, last_index) using (tenant, submission_id)
   where item_index between first_index and last_index and batch_id = $5`;

/** The lowest and the highest index that a batch holds of a submission. */
export type ItemRange = {
  readonly tenant: string;
  readonly submissionId: string;
  readonly firstIndex: number;
  readonly lastIndex: number;
};

export type BatchRejectionRow = {
  readonly tenant: string;
  readonly submission_id: string;
  readonly item_index: bigint;
  readonly reason: string;
  readonly message: string;
  readonly field: string;
};

export async function readBatchRejections(
  client: ClientBase,
  ranges: readonly ItemRange[],
  batchId: string,
): Promise<BatchRejectionRow[]> {
  const { rows } = await client.query<BatchRejectionRow>({
    name: 'read-batch-rejections',
    text: SQL,
    values: [
      ranges.map((range) => range.tenant),
      ranges.map((range) => range.submissionId),
      ranges.map((range) => range.firstIndex),
      ranges.map((range) => range.lastIndex),
      batchId,
    ],
  });
  return rows;
}
