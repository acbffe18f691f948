/** Erasures of owners in the event store above a number, in their order. */
import type pg from 'pg';

const SQL = `
  select key_id, erasure_no from owner_keys
   where erasure_no > $1 order by erasure_no limit $2`;

export type Erasure = { readonly keyId: bigint; readonly erasureNo: bigint };

export async function readErasures(
  pool: pg.Pool,
  after: bigint,
  countMax: number,
): Promise<Erasure[]> {
  const { rows } = await pool.query<{ key_id: bigint; erasure_no: bigint }>({
    name: 'read_erasures',
    text: SQL,
    values: [after, countMax],
  });
  return rows.map(({ key_id, erasure_no }) => ({ keyId: key_id, erasureNo: erasure_no }));
}
