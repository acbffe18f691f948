/** Where an account's page is. */

export function accountPath(accountId: string): string {
  return `/accounts/${encodeURIComponent(accountId)}`;
}
