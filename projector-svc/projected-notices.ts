/**
 * Wakes the watchers on every replica when something of theirs was projected: of submissions, on
 * one channel, and of accounts, on another. NOTIFY goes out after the commit, one for all that was
 * committed within a few milliseconds. A notice that is lost costs a watcher the time to its next
 * poll, nothing else.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { EVERYONE, joinNames, noticeName } from '#platform/notice-names.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import type { BalanceSlots } from './balance-slots.ts';
import { NOTICES } from './config.ts';

export { EVERYONE } from '#platform/notice-names.ts';
export const CHANNEL = 'bank_projected';
/** query-svc hears this one. */
const ACCOUNTS_CHANNEL = 'bank_changed_accounts';
export const CHANNELS = [CHANNEL, ACCOUNTS_CHANNEL] as const;
const ID_BYTES = 16;

/** Names, joined. Empty submissions: none has changed. */
export type Notice = { readonly submissions: string; readonly accounts: string };

export function submissionHash(tenant: string, submissionId: string): string {
  return noticeName(Buffer.from(`${tenant}\0${submissionId}`));
}

/** What must be told of submissions after these records are committed. */
export function submissionsNotice(records: readonly OutlinedRecord[]): string {
  const hashes = new Set<string>();
  for (const { outline } of records) {
    // A row elsewhere may have waited for this position: its submission need not be named here.
    if (outline.others.length > 0) return EVERYONE;
    for (const part of outline.submissions)
      hashes.add(submissionHash(part.tenant, part.submissionId));
    const { closed } = outline;
    if (closed !== undefined) hashes.add(submissionHash(closed.tenant, closed.submissionId));
  }
  return joinNames(hashes);
}

/** What must be told of accounts; a batch of many does not name them: it costs it nothing. */
export function accountsNotice({ count, ids }: BalanceSlots): string {
  if (count > NOTICES.accountsNamedMax) return EVERYONE;
  const names = new Set<string>();
  for (let at = 0; at < count * ID_BYTES; at += ID_BYTES) {
    names.add(noticeName(ids.subarray(at, at + ID_BYTES)));
  }
  return joinNames(names);
}

export type Announcer = { announce: (notice: Notice) => void; flush: () => Promise<void> };

export function createAnnouncer(pool: pg.Pool, log: Logger): Announcer {
  let submissions = new Set<string>();
  let accounts = new Set<string>();
  let isWaiting = false;
  let sending: Promise<void> | undefined;
  let lastSentMs = 0;

  const send = async (): Promise<void> => {
    while (isWaiting) {
      await pauseUntil(lastSentMs + NOTICES.everyMs);
      const values = [CHANNEL, joinNames(submissions), ACCOUNTS_CHANNEL, joinNames(accounts)];
      submissions = new Set();
      accounts = new Set();
      isWaiting = false;
      lastSentMs = performance.now();
      try {
        const text = 'select pg_notify($1, $2), pg_notify($3, $4)';
        await pool.query({ name: 'notify', text, values });
      } catch (error) {
        log.warn('Could not wake the watchers; they will see it at their next poll.', {
          err: error,
        });
      }
    }
  };
  const announce = (notice: Notice): void => {
    isWaiting = true;
    for (const name of notice.submissions.split(',')) submissions.add(name);
    for (const name of notice.accounts.split(',')) accounts.add(name);
    sending ??= send().finally(() => {
      sending = undefined;
    });
  };
  return { announce, flush: async () => sending };
}

async function pauseUntil(ms: number): Promise<void> {
  const waitMs = ms - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
