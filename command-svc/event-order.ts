/**
 * The order in which a batch's events are stored: by account, and in the order of their versions.
 */
type Placed = { readonly accountId: string; readonly start: number };

export function byAccountAndVersion(a: Placed, b: Placed): number {
  if (a.accountId !== b.accountId) return a.accountId < b.accountId ? -1 : 1;
  return a.start - b.start;
}
