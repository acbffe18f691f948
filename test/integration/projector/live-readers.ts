/**
 * Readers of the projection that never stop, with the statements of query-svc, prepared once a
 * connection: each read must answer, and no account may ever go back.
 */
import { ANYONE } from '#platform/caller.ts';
import { createPool } from '#platform/postgres.ts';
import { readChanges } from '../../../query-svc/sql/read-changes.ts';
import { readAccounts } from '../../../query-svc/sql/read-accounts.ts';
import { listEntries } from '../../../query-svc/sql/list-entries.ts';
import type { World } from './projector-fixture.ts';

export type LiveReaders = {
  readonly reads: () => number;
  /** The longest that a read has taken. */
  readonly slowestMs: () => number;
  /** Ends them; answers what was wrong. */
  readonly stop: () => Promise<string[]>;
};

const READERS = 4;
const ALL = 2n ** 62n;

export function startReaders({ databases }: World, accountIds: readonly string[]): LiveReaders {
  const pool = createPool({
    url: databases.projectionStoreUrl('bank_query'),
    applicationName: 'reader',
    maxConnections: READERS,
    statementTimeoutMs: 10_000,
  });
  const stopping = new AbortController();
  const problems: string[] = [];
  let reads = 0;
  let slowestMs = 0;

  const readOnce = async (newest: Map<string, bigint>): Promise<void> => {
    const views = await readAccounts(pool, accountIds);
    if (views.length < newest.size) problems.push(`${views.length} accounts of ${newest.size}`);
    for (const { accountId, version } of views) {
      const before = newest.get(accountId) ?? 0n;
      if (version < before) problems.push(`${accountId} went back from ${before} to ${version}`);
      newest.set(accountId, version);
    }
    const [accountId = ''] = accountIds;
    const known = newest.get(accountId) ?? 0n;
    const page = await listEntries(pool, entriesOf(accountId));
    if ((page?.asOfVersion ?? 0n) < known) problems.push(`entries as of ${page?.asOfVersion}`);
    if (page?.entries.length !== Number(page?.asOfVersion ?? 0n)) {
      problems.push(`${page?.entries.length} entries as of ${page?.asOfVersion}`);
    }
    const one = [{ accountId, version: known - 1n }];
    const changes = { tenant: '', known: one, entriesMax: 10, newestOnly: false };
    if ((await readChanges(pool, changes))[0] === undefined) problems.push('no news of version');
  };
  const read = async (): Promise<void> => {
    const newest = new Map<string, bigint>();
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      try {
        await readOnce(newest);
      } catch (error) {
        problems.push(String(error));
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      reads++;
    }
  };
  const reading = Promise.all(Array.from({ length: READERS }, read));
  return {
    reads: () => reads,
    slowestMs: () => slowestMs,
    async stop() {
      stopping.abort();
      await reading;
      await pool.end();
      return problems;
    },
  };
}

function entriesOf(accountId: string): Parameters<typeof listEntries>[1] {
  const any = {
    recordedFrom: undefined,
    recordedBefore: undefined,
    types: undefined,
    submissionId: undefined,
    valueDateFrom: undefined,
    valueDateBefore: undefined,
  };
  const range = { fromVersion: 1n, endVersion: ALL, limit: 10_000, versionsMax: 10_000 };
  return { reach: ANYONE, accountId, descending: false, ...range, ...any };
}
