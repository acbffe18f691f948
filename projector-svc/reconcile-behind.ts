/**
 * Accounts of which the event store has more than the projection shows. That is usual while
 * something is on its way: all that they have stands at or before the heads of the log as they are
 * now, so the projection gets some time to reach these, and then must show it. A partition that
 * does not get there is told once, and its accounts are not judged.
 */
import { partitionOfAccount } from '#platform/partitioning.ts';
import { sleep } from '#platform/waiting.ts';
import type { AccountState } from '#proto/bank/event/v1/events.ts';
import { RECONCILE } from './bounds.ts';
import type { Finding } from './reconcile-account.ts';
import { stateText } from './reconcile-differences.ts';
import type { ReconcileStores } from './reconcile-page.ts';
import { readLogHeads } from './sql/read-log-heads.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import { readProjectedVersions } from './sql/read-projection-page.ts';

export type BehindAccount = {
  readonly accountId: string;
  /** In the event store. */
  readonly version: bigint;
  readonly after: AccountState;
};

/** `wrong`: those that the projection does not show though it must. */
export type BehindResult = {
  readonly findings: readonly Finding[];
  readonly wrong: readonly BehindAccount[];
};

export type BehindCheck = (
  accounts: readonly BehindAccount[],
  signal: AbortSignal,
) => Promise<BehindResult>;

/** For one comparison: it remembers which partitions are behind. */
export function createBehindCheck(stores: ReconcileStores, partitionCount: number): BehindCheck {
  const stuck = new Set<number>();
  return async (accounts, signal) => {
    if (accounts.length === 0) return { findings: [], wrong: [] };
    const partitionOf = (accountId: string): number =>
      partitionOfAccount(accountId, partitionCount);
    const concerned = new Set(accounts.map(({ accountId }) => partitionOf(accountId)));
    for (const partition of stuck) concerned.delete(partition);
    const findings = await untilReached(stores, concerned, signal);
    for (const { partition } of findings) stuck.add(partition);
    const judged = accounts.filter(({ accountId }) => !stuck.has(partitionOf(accountId)));
    const ids = judged.map(({ accountId }) => accountId);
    const versions = await readProjectedVersions(stores.reading, ids);
    const wrong = judged.filter(({ accountId, version }) => {
      return (versions.get(accountId) ?? 0n) < version;
    });
    const told = wrong.map((account) => findingOf(account, versions.get(account.accountId)));
    return { findings: [...findings.map(({ finding }) => finding), ...told], wrong };
  };
}

function findingOf({ accountId, version, after }: BehindAccount, found?: bigint): Finding {
  const kind = found === undefined ? 'ACCOUNT_MISSING' : 'VERSION_DIFFERS';
  const expected = found === undefined ? stateText(version, after) : String(version);
  return { accountId, version, kind, expected, found: String(found ?? '') };
}

type Stuck = { readonly partition: number; readonly finding: Finding };

/** Waits until the projection is where the log is now; answers the partitions that are not. */
async function untilReached(
  { reading, eventStore }: ReconcileStores,
  partitions: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<Stuck[]> {
  const log = await readLogHeads(eventStore, []);
  const wanted = log.heads.filter(({ partition }) => partitions.has(partition));
  const endsAtMs = performance.now() + RECONCILE.behindWaitMs;
  for (;;) {
    const heads = await readProjectedHeads(reading);
    const reached = new Map(heads.map(({ partition, seq }) => [partition, seq]));
    const behind = wanted.filter(({ partition, seq }) => (reached.get(partition) ?? 0n) < seq);
    if (behind.length === 0 || performance.now() > endsAtMs) {
      return behind.map(({ partition, seq }) => ({
        partition,
        finding: {
          accountId: '',
          version: 0n,
          kind: 'PROJECTION_BEHIND',
          expected: `partition ${partition} at ${seq}`,
          found: `at ${reached.get(partition) ?? 0n}`,
        },
      }));
    }
    await sleep(RECONCILE.behindPollMs, signal);
  }
}
