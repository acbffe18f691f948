/**
 * A lease of bulk mode is its caller's: it is kept under its id and who has taken it, so that for
 * another one, who knows its id, there is none. Without authentication the id is all.
 */
import type { Caller } from '#platform/caller.ts';
import { OWNER_MARK } from '#platform/expiring-entries.ts';

/** Sees the leases of all tenants. */
const ALL_TENANTS = 'tenants.all';

/** No tenant has the mark in it, and no id: a key has one reading. */
export function leaseKey(leaseId: string, { tenant, subject, scopes }: Caller): string {
  const id = leaseId.toLowerCase();
  return scopes === undefined ? id : [id, tenant, subject].join(OWNER_MARK);
}

export function leaseIdOf(key: string): string {
  return key.split(OWNER_MARK)[0] ?? key;
}

/**
 * Leases of its own tenant (its own ones only, where it has one owner), and those that replicas
 * hold for streams.
 */
export function seesLease(caller: Caller, key: string): boolean {
  const { tenant, owner, scopes } = caller;
  if (scopes === undefined || scopes.has(ALL_TENANTS)) return true;
  const [id = '', of] = key.split(OWNER_MARK);
  if (of === undefined) return true;
  return owner === undefined ? of === tenant : key === leaseKey(id, caller);
}
