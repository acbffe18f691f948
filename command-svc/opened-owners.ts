/** Whose accounts are, as their first events say: for accounts of before texts were sealed. */
import type { Pool } from 'pg';
import { Event } from '#proto/bank/event/v1/events.ts';
import { readOpenedEvents } from './sql/read-opened-events.ts';

export type AccountOwner = {
  readonly accountId: string;
  readonly tenant: string;
  readonly owner: string;
};

export async function openedOwners(
  db: Pool,
  accountIds: readonly string[],
): Promise<AccountOwner[]> {
  const rows = await readOpenedEvents(db, accountIds);
  return rows.map(({ account_id: accountId, payload }) => {
    const { body } = Event.decode(payload);
    if (body?.$case !== 'accountOpened') {
      throw new Error(`ALARM: the first event of account ${accountId} does not open it`);
    }
    const { tenant, owner } = body.value;
    if (owner?.form?.$case === 'sealed') {
      throw new Error(`ALARM: the owner of account ${accountId} is sealed, and it has no key`);
    }
    return { accountId, tenant, owner: owner?.form?.value ?? '' };
  });
}
