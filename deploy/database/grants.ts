// Who may do what. The log (events, outbox) and the audit can be added to and read, and changed by
// nobody but the owner; roles have what their service does, table by table and column by column,
// and nothing comes from PUBLIC. Given anew at every set-up: what an earlier version gave is taken
// back first, and a table that is not named here is nobody's but the owner's.
import type pg from 'pg';

// Locking a row (for key share, for no key update) asks for the right to update a column of it.
const EVENT_STORE = `
  grant select, insert on events, outbox, audit, open_holds, ended_holds, reversals, submissions,
    submission_claims, submission_batches, rejections, key_encryption_keys, owner_keys,
    account_keys to bank_command;
  grant select on ledger, partition_heads, archived_ranges, migrations to bank_command;
  grant update (seq) on partition_heads to bank_command;
  grant update (closed_at, total_items) on submissions to bank_command;
  grant update (end_index) on submission_claims to bank_command;
  grant update (remaining_minor) on open_holds to bank_command;
  grant update (wrapped_key, kek_id, erased_at, erased_by, erased_why, erasure_no) on owner_keys
    to bank_command;
  grant delete on submissions, submission_claims, open_holds to bank_command;
  grant execute on function append_batch, append_holds to bank_command;
  grant select on outbox, events, partition_heads, ledger, submissions, submission_batches,
    archived_ranges, cdc_heartbeat, migrations, key_encryption_keys, owner_keys, account_keys
    to bank_projector;
  grant select on outbox to bank_cdc;
  grant select, insert, delete on cdc_heartbeat to bank_cdc`;

const PROJECTION_STORE = `
  grant select, insert, update, delete on all tables in schema public to bank_projector;
  revoke insert, update, delete on migrations from bank_projector;
  revoke update, delete on audit from bank_projector;
  grant usage on all sequences in schema public to bank_projector;
  grant execute on all functions in schema public to bank_projector;
  grant usage on schema rebuild, previous to bank_projector;
  grant select on balances, entries, entry_links, open_holds, migrations to bank_query;
  grant execute on function first_version_at to bank_query`;

export async function grantEventStore(client: pg.ClientBase): Promise<void> {
  await grantOnly(client, ['bank_command', 'bank_projector', 'bank_cdc'], EVENT_STORE);
}

export async function grantProjectionStore(client: pg.ClientBase): Promise<void> {
  await grantOnly(client, ['bank_projector', 'bank_query'], PROJECTION_STORE);
}

/** Of set-ups that run at once. */
const ADVISORY_KEY = 7_206_025;

/** In one transaction: services at work never find their rights gone. */
async function grantOnly(
  client: pg.ClientBase,
  roles: readonly string[],
  grants: string,
): Promise<void> {
  const { rows } = await client.query<{ database: string }>(
    `select quote_ident(current_database()) as database`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('current_database() answered nothing');
  const everybody = ['public', ...roles].join(', ');
  await client.query(`
    begin;
    select pg_advisory_xact_lock(${ADVISORY_KEY});
    revoke all on database ${row.database} from ${everybody};
    revoke all on schema public from ${everybody};
    revoke all on all tables in schema public from ${everybody};
    revoke all on all functions in schema public from ${everybody};
    grant connect on database ${row.database} to ${roles.join(', ')};
    grant usage on schema public to ${roles.join(', ')};
    ${grants};
    commit`);
}
