/**
 * What PostgreSQL knows of the pipeline: the replication slot that Debezium reads, how much WAL may
 * be kept for it, and how old Debezium's newest heartbeat is.
 */
import type pg from 'pg';

const SQL = `
  select s.slot_name is not null as there, s.active, s.wal_status,
         s.confirmed_flush_lsn::text as confirmed_lsn,
         (pg_current_wal_lsn() - s.restart_lsn)::bigint as retained_bytes,
         pg_size_bytes(current_setting('max_slot_wal_keep_size')) as retained_bytes_max,
         (extract(epoch from clock_timestamp() - h.ts) * 1000)::bigint as heartbeat_age_ms
    from (select max(ts) as ts from cdc_heartbeat) as h
    left join pg_replication_slots s on s.slot_name = $1 and s.database = current_database()`;

type Row = {
  there: boolean;
  active: boolean | null;
  wal_status: string | null;
  confirmed_lsn: string | null;
  retained_bytes: bigint | null;
  retained_bytes_max: bigint;
  heartbeat_age_ms: bigint | null;
};

export type Slot = {
  active: boolean;
  walStatus: string;
  confirmedLsn: string;
  retainedBytes: bigint;
};

export type PipelineFacts = {
  /** undefined: there is no such slot. */
  slot: Slot | undefined;
  /** undefined: there is no limit. */
  retainedBytesMax: bigint | undefined;
  /** undefined: there was never a heartbeat. */
  heartbeatAgeMs: bigint | undefined;
};

export async function readPipelineFacts(pool: pg.Pool, slotName: string): Promise<PipelineFacts> {
  const result = await pool.query<Row>({
    name: 'read_pipeline_facts',
    text: SQL,
    values: [slotName],
  });
  const [row] = result.rows;
  if (row === undefined) throw new Error('the facts of the pipeline came without a row');
  const slot = {
    active: row.active === true,
    walStatus: row.wal_status ?? '',
    confirmedLsn: row.confirmed_lsn ?? '',
    retainedBytes: row.retained_bytes ?? 0n,
  };
  return {
    slot: row.there ? slot : undefined,
    retainedBytesMax: row.retained_bytes_max < 0n ? undefined : row.retained_bytes_max,
    heartbeatAgeMs: row.heartbeat_age_ms ?? undefined,
  };
}
