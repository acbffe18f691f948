/** The replication slot that Debezium reads: how it stands, and its end when it is lost. */
import type pg from 'pg';

const READ = `
  select active, coalesce(wal_status, '') as wal_status, confirmed_flush_lsn::text as confirmed_lsn
    from pg_replication_slots where slot_name = $1 and database = current_database()`;
/** A slot that is read cannot be dropped; its reader has nothing to read any more. */
const END_READER = `
  select pg_terminate_backend(active_pid)
    from pg_replication_slots
   where slot_name = $1 and wal_status = 'lost' and active_pid is not null`;
const DROP = `
  select pg_drop_replication_slot(slot_name)
    from pg_replication_slots
   where slot_name = $1 and wal_status = 'lost' and active_pid is null`;

export type Slot = { active: boolean; walStatus: string; confirmedLsn: string };

type Row = { active: boolean; wal_status: string; confirmed_lsn: string | null };

/** undefined: there is no such slot. */
export async function readSlot(pool: pg.Pool, name: string): Promise<Slot | undefined> {
  const { rows } = await pool.query<Row>(READ, [name]);
  const [row] = rows;
  return (
    row && { active: row.active, walStatus: row.wal_status, confirmedLsn: row.confirmed_lsn ?? '' }
  );
}

/**
 * Answers whether it was dropped; a slot whose reader has just been ended is dropped at the next
 * call.
 */
export async function dropLostSlot(pool: pg.Pool, name: string): Promise<boolean> {
  await pool.query(END_READER, [name]);
  const { rowCount } = await pool.query(DROP, [name]);
  return rowCount === 1;
}
