/**
 * A lease of bulk mode is its caller's: it is kept under its id and who has taken it, so that for
 * another one, who knows its id, there is none. Without authentication the id is all.
 */
import type { Caller } from '#platform/caller.ts';

/** No tenant has it, and no id. */
const MARK = '@';
/** Sees the leases of all tenants. */
const ALL_TENANTS = 'tenants.all';

export function leaseKey(leaseId: string, { tenant, subject, scopes }: Caller): string {
  const id = leaseId.toLowerCase();
  return scopes === undefined ? id : [id, tenant, subject].join(MARK);
}

/** How many of them an authenticated caller holds itself. */
export function ownLeases(caller: Caller, keys: readonly string[]): number {
  return keys.filter((key) => key === leaseKey(leaseIdOf(key), caller)).length;
}

export function leaseIdOf(key: string): string {
  return key.split(MARK)[0] ?? key;
}

/**
 * Leases of its own tenant (its own ones only, where it has one owner), and those that replicas
 * hold for streams.
 */
export function seesLease(caller: Caller, key: string): boolean {
  const { tenant, owner, scopes } = caller;
  if (scopes === undefined || scopes.has(ALL_TENANTS)) return true;
  const [id = '', of] = key.split(MARK);
  if (of === undefined) return true;
  return owner === undefined ? of === tenant : key === leaseKey(id, caller);
}
