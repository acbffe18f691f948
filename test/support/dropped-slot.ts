/** Drops Debezium's slot in the event store, and takes its reader away from it. */
import type pg from 'pg';
import { SLOT } from '#deploy/local/stack.ts';
import { until, type UntilOptions } from '#test/support/until.ts';

/** Its reader may be back before it is dropped: then both are done again. */
export async function dropSlot(eventStore: pg.Pool, options?: UntilOptions): Promise<void> {
  const drop = async (): Promise<void> => {
    await endSlotReader(eventStore);
    await eventStore.query('select pg_drop_replication_slot($1)', [SLOT]);
  };
  const isDropped = (): Promise<boolean> =>
    drop().then(
      () => true,
      () => false,
    );
  await until('the slot is dropped', isDropped, options);
}

export async function endSlotReader(eventStore: pg.Pool): Promise<void> {
  await eventStore.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
    [SLOT],
  );
}
