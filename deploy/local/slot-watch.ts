// Asks PostgreSQL whether Debezium reads the outbox: the slot is in use.
import type pg from 'pg';
import { createPool } from '#platform/postgres.ts';

export const SLOT = 'bank_outbox';

export type SlotWatch = { isActive: () => Promise<boolean>; close: () => Promise<void> };

export function watchSlot(url: string): SlotWatch {
  let pool: pg.Pool | undefined;
  return {
    isActive: async () => {
      pool ??= createPool({ url, applicationName: 'bank-local', maxConnections: 1 });
      const query = 'select 1 from pg_replication_slots where slot_name = $1 and active';
      return (await pool.query(query, [SLOT])).rowCount === 1;
    },
    close: async () => pool?.end(),
  };
}
