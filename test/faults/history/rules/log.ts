/**
 * The log: positions dense, one batch a position, versions of each account dense and in its order;
 * and what the event feed has told is the log, every event once, in the order of each partition.
 */
import { placeOf } from '#test/support/closed-versions.ts';
import type { History } from '../history.ts';
import type { Indexed } from '../indexed.ts';

export function logProblems(history: History, found: Indexed): string[] {
  return [...densityProblems(history, found), ...feedProblems(history)];
}

/** The log alone. */
export function densityProblems(
  history: Pick<History, 'heads'>,
  { byAccount }: Pick<Indexed, 'byAccount'>,
): string[] {
  return [...headProblems(history), ...versionProblems(byAccount)];
}

function headProblems({ heads }: Pick<History, 'heads'>): string[] {
  return heads
    .filter(({ seq, rows, batches }) => rows !== seq || batches !== seq)
    .map(
      ({ partition, seq, rows, batches }) =>
        `partition ${partition}: its head is ${seq}, with ${rows} rows of ${batches} batches`,
    );
}

function versionProblems(byAccount: Indexed['byAccount']): string[] {
  const problems: string[] = [];
  for (const events of byAccount.values()) {
    let expected = 1n;
    for (const event of events) {
      if (event.version !== expected) {
        problems.push(`${placeOf(event)}: stands in the log where ${expected} belongs`);
      }
      expected = event.version + 1n;
    }
  }
  return problems;
}

function feedProblems({ events, feed }: History): string[] {
  const log = Map.groupBy(events, ({ partition }) => partition);
  const partitions = new Set([...log.keys(), ...feed.keys()]);
  return [...partitions].flatMap((partition) => {
    const stored = (log.get(partition) ?? []).map(placeOf);
    const told = feed.get(partition) ?? [];
    const end = Math.max(stored.length, told.length);
    for (let n = 0; n < end; n++) {
      if (stored[n] === told[n]) continue;
      return [`feed of partition ${partition}, event ${n}: ${told[n]}, the log has ${stored[n]}`];
    }
    return [];
  });
}
