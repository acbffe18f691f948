/**
 * A position that the projection must read next is not in the outbox. Where it has gone to the
 * archive, the error names the range, its file and the command that brings it back; else the log
 * has a hole, which nothing here can mend.
 */
import type pg from 'pg';
import { whereArchived } from '#platform/archived-range.ts';

export class MissingPosition extends Error {
  override readonly name = 'MissingPosition';
}

/** `why`: how it is known that there must be one. */
export async function missingPosition(
  eventStore: pg.Pool,
  partition: number,
  seq: bigint,
  why: string,
): Promise<MissingPosition> {
  const archived = await whereArchived(eventStore, partition, seq);
  const hole = `position ${seq} of partition ${partition} is not in the outbox, and ${why}`;
  return new MissingPosition(archived ?? hole);
}
