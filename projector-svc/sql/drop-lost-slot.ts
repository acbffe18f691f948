/**
 * Drops a replication slot that has lost its WAL, and no other. A slot that is read cannot be
 * dropped: its reader, which has nothing to read any more, is ended first.
 */
import type pg from 'pg';

const END_READER = `
  select pg_terminate_backend(active_pid)
    from pg_replication_slots
   where slot_name = $1 and wal_status = 'lost' and active_pid is not null`;
const DROP = `
  select pg_drop_replication_slot(slot_name)
    from pg_replication_slots
   where slot_name = $1 and wal_status = 'lost' and active_pid is null`;

/**
 * Answers whether it was dropped; a slot whose reader has just been ended is dropped at the next
 * call.
 */
export async function dropLostSlot(pool: pg.Pool, name: string): Promise<boolean> {
  await pool.query(END_READER, [name]);
  const { rowCount } = await pool.query(DROP, [name]);
  return rowCount === 1;
}
