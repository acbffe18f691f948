/**
 * A capacity that does not depend on the machine: the event store takes so long for each commit of
 * command-svc, as a slow disk would, by PostgreSQL's own `commit_delay`. What a replica stores a
 * second is then its batch's size over that time, and neither its CPU nor the load generator's is
 * near its limit.
 */
import type { Stores } from './bank.ts';

/** PostgreSQL takes no more than 100 ms. */
export const COMMIT_MS = 100;

const ROLE = 'bank_command';
const SETTINGS = { commit_delay: COMMIT_MS * 1_000, commit_siblings: 0 };

/** For the connections that `run` opens; those that are there stay as they are. */
export async function withSlowCommits<T>(
  { eventStore }: Stores,
  run: () => Promise<T>,
): Promise<T> {
  for (const [name, value] of Object.entries(SETTINGS)) {
    await eventStore.query(`alter role ${ROLE} set ${name} = ${value}`);
  }
  try {
    return await run();
  } finally {
    for (const name of Object.keys(SETTINGS)) {
      await eventStore.query(`alter role ${ROLE} reset ${name}`);
    }
  }
}
