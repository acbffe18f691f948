/**
 * Whose dead letters a caller reaches. A letter is of the accounts that wait for it: who reaches
 * all of them reaches the letter, but not its record, which holds other accounts' events too. A
 * letter for which none waits is the pipeline's own. Who works for the whole bank says so by the
 * scope tenants.all, and reaches all.
 */
import { ANYONE, realmOf, type Caller } from '#platform/caller.ts';

export type LetterReach = {
  /** null: every tenant. */
  readonly tenant: string | null;
  /** null: every owner. */
  readonly owner: string | null;
};

const ALL_TENANTS = 'tenants.all';

export const EVERY_LETTER: LetterReach = { tenant: null, owner: null };

export function letterReach({ tenant, owner, scopes }: Caller = ANYONE): LetterReach {
  if (scopes === undefined || scopes.has(ALL_TENANTS)) return EVERY_LETTER;
  return { tenant, owner: owner ?? null };
}

/** What tokens of its lists are bound to. */
export function listOf({ tenant, owner }: LetterReach): string {
  return tenant === null ? '' : `\0${realmOf({ tenant, owner: owner ?? undefined })}`;
}

/** Of the table `letter`; by the numbers of the parameters that hold the reach. */
export function isReachedSql(letter: string, tenant: number, owner: number): string {
  return `($${tenant}::text is null or (
    exists (select from parked_accounts p where p.dead_letter_id = ${letter}.dead_letter_id)
    and not exists (
      select from parked_accounts p left join balances b using (account_id)
       where p.dead_letter_id = ${letter}.dead_letter_id
         and (b.tenant is distinct from $${tenant}
              or ($${owner}::text is not null and b.owner is distinct from $${owner})))))`;
}
