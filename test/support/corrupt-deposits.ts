/**
 * Deposits of one account that come into the log with a type that nobody knows, as those of a newer
 * writer would: the row is changed as it is inserted, so Kafka brings the same bytes.
 */
import type { Stores } from '#test/support/stored-rows.ts';

/** Where the type of the account's event stands in a row, up to version 127. */
const TYPE_AT = `position('\\x0a10'::bytea || uuid_send(ACCOUNT) in PAYLOAD) + 21`;

const typeAt = (account: string, payload: string): string =>
  TYPE_AT.replace('ACCOUNT', account).replace('PAYLOAD', payload);

/** Answers what ends it. */
export async function corruptDeposits(
  { eventStore }: Stores,
  accountId: string,
): Promise<() => Promise<void>> {
  const at = typeAt(`'${accountId}'::uuid`, 'new.payload');
  await eventStore.query(
    `create function corrupt_deposits() returns trigger language plpgsql as $$
     begin
       if '${accountId}'::uuid = any(new.account_ids)
          and substring(new.payload from ${at} - 1 for 2) = '\\x1802'::bytea then
         new.payload := overlay(new.payload placing '\\x63'::bytea from ${at} for 1);
       end if;
       return new;
     end $$`,
  );
  await eventStore.query(
    `create trigger corrupt_deposits before insert on outbox
       for each row execute function corrupt_deposits()`,
  );
  return async () => {
    await eventStore.query('drop trigger corrupt_deposits on outbox');
    await eventStore.query('drop function corrupt_deposits()');
  };
}

/** As it would have been. */
export async function repairDeposits({ eventStore }: Stores, accountId: string): Promise<void> {
  const at = typeAt('$1::uuid', 'payload');
  await eventStore.query(
    `update outbox set payload = overlay(payload placing '\\x02'::bytea from ${at} for 1)
      where $1::uuid = any(account_ids)
        and substring(payload from ${at} - 1 for 2) = '\\x1863'::bytea`,
    [accountId],
  );
}
