// Who may do what. The log (events, outbox) can be added to and read, and changed by nobody but the
// owner. Given again at every set-up, so that a table of a later migration is covered.
import type pg from 'pg';

// Locking a row (for key share, for no key update) asks for the right to update it.
const EVENT_STORE = `
  grant select, insert on all tables in schema public to bank_command;
  revoke insert on ledger, partition_heads, archived_ranges, migrations, cdc_heartbeat
    from bank_command;
  grant update (wrapped_key, kek_id, erased_at, erased_by, erased_why, erasure_no) on owner_keys
    to bank_command;
  grant update on partition_heads, submissions, submission_claims, open_holds to bank_command;
  grant delete on submissions, submission_claims, open_holds to bank_command;
  grant execute on all functions in schema public to bank_command;
  grant select on outbox, events, partition_heads, ledger, submissions, submission_batches,
    archived_ranges, cdc_heartbeat, migrations,
    key_encryption_keys, owner_keys, account_keys
    to bank_projector;
  grant select on outbox to bank_cdc;
  grant select, insert, delete on cdc_heartbeat to bank_cdc`;

const PROJECTION_STORE = `
  grant select, insert, update, delete on all tables in schema public to bank_projector;
  grant usage on all sequences in schema public to bank_projector;
  grant execute on all functions in schema public to bank_projector;
  revoke insert, update, delete on migrations from bank_projector;
  grant usage on schema rebuild, previous to bank_projector;
  grant select on all tables in schema public to bank_query`;

export async function grantEventStore(client: pg.Client): Promise<void> {
  await client.query(EVENT_STORE);
}

export async function grantProjectionStore(client: pg.Client): Promise<void> {
  await client.query(PROJECTION_STORE);
}
