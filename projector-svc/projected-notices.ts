/**
 * Wakes the watchers of submissions on every replica when something of theirs was projected: NOTIFY
 * goes out after the commit, one for all that was committed within a few milliseconds, and names
 * the submissions by a hash. A notice that is lost costs a watcher the time to its next poll,
 * nothing else.
 */
import type pg from 'pg';
import { fnv1a } from '#platform/partitioning.ts';
import type { Logger } from '#platform/logger.ts';
import type { OutlinedRecord } from './acknowledgement-rows.ts';
import { NOTICES } from './config.ts';

export const CHANNEL = 'bank_projected';
/** Wakes every watcher. */
export const EVERYONE = '*';
/** PostgreSQL takes payloads below 8,000 bytes; a hash and its comma are 9. */
const HASHES_MAX = 800;

/**
 * How a notice names a submission. Two that share a hash are woken together, which does no harm.
 */
export function submissionHash(tenant: string, submissionId: string): string {
  return fnv1a(Buffer.from(`${tenant}\0${submissionId}`)).toString(16);
}

/**
 * What must be told after these records are committed. Empty: no submission has changed, but others
 * listen too.
 */
export function noticeOf(records: readonly OutlinedRecord[]): string {
  const hashes = new Set<string>();
  for (const { outline } of records) {
    // A row elsewhere may have waited for this position: its submission need not be named here.
    if (outline.others.length > 0) return EVERYONE;
    for (const part of outline.submissions)
      hashes.add(submissionHash(part.tenant, part.submissionId));
    const { closed } = outline;
    if (closed !== undefined) hashes.add(submissionHash(closed.tenant, closed.submissionId));
  }
  return joined(hashes);
}

function joined(hashes: ReadonlySet<string>): string {
  if (hashes.has(EVERYONE) || hashes.size > HASHES_MAX) return EVERYONE;
  return [...hashes].filter((hash) => hash !== '').join(',');
}

export type Announcer = { announce: (notice: string) => void; flush: () => Promise<void> };

export function createAnnouncer(pool: pg.Pool, log: Logger): Announcer {
  let waiting = new Set<string>();
  let sending: Promise<void> | undefined;
  let lastSentMs = 0;

  const send = async (): Promise<void> => {
    while (waiting.size > 0) {
      await pauseUntil(lastSentMs + NOTICES.everyMs);
      const notice = joined(waiting);
      waiting = new Set();
      lastSentMs = performance.now();
      try {
        await pool.query({
          name: 'notify',
          text: 'select pg_notify($1, $2)',
          values: [CHANNEL, notice],
        });
      } catch (error) {
        log.warn('Could not wake the watchers; they will see it at their next poll.', {
          err: error,
        });
      }
    }
  };
  const announce = (notice: string): void => {
    for (const hash of notice.split(',')) waiting.add(hash);
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
