// The publication that Debezium reads, made again where somebody has dropped it: without it the
// connector's task fails, and nothing else makes it.
import type pg from 'pg';

const MAKE = `
  create publication bank_outbox for table
    outbox (partition, seq, batch_id, previous_batch_id, aggregatetype, aggregateid, type,
            traceparent, payload),
    cdc_heartbeat with (publish = 'insert')`;

/** As the first migration made it. Answers whether it was missing. */
export async function makePublication(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query(
    "select from pg_publication where pubname = 'bank_outbox'",
  );
  if (rowCount === 1) return false;
  await client.query(MAKE);
  return true;
}
