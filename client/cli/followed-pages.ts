/**
 * Lists of the contract, page by page, up to a number of items. Promises: never more than the limit
 * is asked for or written, and whoever reads is told when there is more.
 */
import type { BankContext } from './program-context.ts';

export const LIMIT_DEFAULT = 100;
/** The contract's own limit. */
const PAGE_SIZE_MAX = 1_000;

export type Page<T> = { readonly items: readonly T[]; readonly nextPageToken: string };

/** Answers whether there is more. */
export async function followPages<T>(
  page: (pageToken: string, pageSize: number) => Promise<Page<T>>,
  limit: number,
  write: (items: readonly T[]) => Promise<void>,
): Promise<boolean> {
  let left = limit;
  let token = '';
  do {
    const { items, nextPageToken } = await page(token, Math.min(left, PAGE_SIZE_MAX));
    if (items.length > 0) await write(items.slice(0, left));
    left -= items.length;
    token = nextPageToken;
  } while (token !== '' && left > 0);
  return token !== '' || left < 0;
}

export function noteMore({ say }: BankContext, isMore: boolean, limit: number): void {
  if (isMore) say(`There is more than ${limit}: ask for it by --limit.`);
}
