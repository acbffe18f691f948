/** Which watched accounts a read is due for. */
import { expect, test } from 'vitest';
import { FollowedAccounts, type Settler } from '../../../query-svc/followed-accounts.ts';

const ID = '3f2b8c1e-7a4d-4c55-9b60-1d2e3f4a5b6c';
const nobody: Settler = { resolve: () => undefined, reject: () => undefined };

test('an account is read for its first watcher at once, then when it may have changed', () => {
  const accounts = new FollowedAccounts();
  const followed = accounts.follow(ID);
  expect(accounts.isWanted).toBe(false);
  accounts.wish(followed, 3n, false, nobody);
  expect(accounts.take(10).map(({ version }) => version)).toEqual([3n]);
  accounts.refresh(followed); // there was no news
  expect(accounts.isWanted).toBe(false);
  accounts.mark([followed.name]);
  expect(accounts.isWanted).toBe(true);
});

test('a watcher that is behind what was read for another is read for at once', () => {
  const accounts = new FollowedAccounts();
  const followed = accounts.follow(ID);
  accounts.wish(followed, 3n, false, nobody);
  accounts.take(10);
  followed.seenVersion = 3n;
  accounts.refresh(followed);
  expect(accounts.isWanted).toBe(false);
  accounts.wish(followed, 2n, false, nobody);
  expect(accounts.isWanted).toBe(true);
});
