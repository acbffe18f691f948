/**
 * How many accepted items of a submission wait for dead letters. The projection knows the items of
 * parked accounts; of records of which nothing can be read only the event store knows how many
 * items count there, and what names such a record waits with it. While the event store cannot be
 * reached those are not counted.
 */
import type pg from 'pg';
import type { Logger } from '#platform/logger.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import type { AcknowledgementPage } from './sql/read-acknowledgements.ts';
import { countHeldItems, countUnreadItems } from './sql/count-unread-items.ts';

type BlockedContext = {
  readonly pool: pg.Pool;
  readonly eventStore: pg.Pool;
  readonly log: Logger;
};

type Submission = { readonly tenant: string; readonly submissionId: string };

export async function blockedItems(
  { pool, eventStore, log }: BlockedContext,
  submission: Submission,
  { blocked, unread }: AcknowledgementPage,
): Promise<bigint> {
  if (unread.length === 0) return blocked;
  try {
    const counts = await Promise.all([
      countUnreadItems(eventStore, submission, unread),
      countHeldItems(pool, submission, unread),
    ]);
    return counts.reduce((sum, count) => sum + count, blocked);
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    log.warn('Could not count the items of records that cannot be read.', { err: error });
    return blocked;
  }
}
