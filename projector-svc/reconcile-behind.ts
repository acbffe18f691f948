/**
 * Accounts of which the event store has more than the projection shows. That is usual while
 * something is on its way: all that they have stands at or before the heads of the log as they are
 * now, so the projection gets the time to reach these, as long as it moves, and then must show it,
 * but for parked accounts, which wait for their dead letters. A partition that stands still before
 * it is there is told once, and its accounts are not judged.
 */
import { partitionOfAccount } from '#platform/partitioning.ts';
import { sleep } from '#platform/waiting.ts';
import type { AccountState } from '#proto/bank/event/v1/events.ts';
import { RECONCILE } from './bounds.ts';
import type { Finding } from './reconcile-account.ts';
import { stateText } from './reconcile-differences.ts';
import { expectedOf } from './reconcile-expected.ts';
import type { ReconcileStores } from './reconcile-page.ts';
import type { StoredEvent } from './sql/read-event-page.ts';
import { readLogHeads } from './sql/read-log-heads.ts';
import { readProjectedHeads } from './sql/read-projected-heads.ts';
import { readShownVersions } from './sql/read-projection-page.ts';

/** One that the projection does not show though it must, by its newest event. */
export type WrongAccount = { readonly accountId: string; readonly after: AccountState };

export type BehindResult = {
  readonly findings: readonly Finding[];
  readonly wrong: readonly WrongAccount[];
};

/** `onWait` is called again and again while the projection is waited for. */
export type BehindCheck = (
  newest: readonly StoredEvent[],
  onWait: () => Promise<void>,
  signal: AbortSignal,
) => Promise<BehindResult>;

/** For one comparison: it remembers which partitions are behind. */
export function createBehindCheck(
  stores: ReconcileStores,
  partitionCount: number,
  waitMs: number = RECONCILE.behindWaitMs,
): BehindCheck {
  const stuck = new Set<number>();
  return async (newest, onWait, signal) => {
    if (newest.length === 0) return { findings: [], wrong: [] };
    const partitionOf = (event: StoredEvent): number =>
      partitionOfAccount(event.account_id, partitionCount);
    const concerned = new Set(newest.map(partitionOf));
    for (const partition of stuck) concerned.delete(partition);
    const stuckNow = await untilReached(stores, concerned, waitMs, onWait, signal);
    for (const { partition } of stuckNow) stuck.add(partition);
    const judged = newest.filter((event) => !stuck.has(partitionOf(event)));
    const ids = judged.map((event) => event.account_id);
    const shown = await readShownVersions(stores.reading, ids);
    const findings = stuckNow.map(({ finding }) => finding);
    const wrong: WrongAccount[] = [];
    for (const event of judged) {
      const { version, isParked } = shown.get(event.account_id) ?? NOTHING_SHOWN;
      if (isParked || (version ?? 0n) >= event.version) continue;
      const after = stateAfter(event);
      findings.push(findingOf(event, after, version));
      if (after !== undefined) wrong.push({ accountId: event.account_id, after });
    }
    return { findings, wrong };
  };
}

const NOTHING_SHOWN = { version: undefined, isParked: false };

/** undefined: it cannot be read. */
function stateAfter(event: StoredEvent): AccountState | undefined {
  try {
    return expectedOf(event, () => '').after;
  } catch {
    return undefined;
  }
}

function findingOf(
  { account_id: accountId, version }: StoredEvent,
  after: AccountState | undefined,
  shown: bigint | undefined,
): Finding {
  const found = String(shown ?? '');
  if (after === undefined) {
    return { accountId, version, kind: 'EVENT_UNREADABLE', expected: 'an event', found };
  }
  const kind = shown === undefined ? 'ACCOUNT_MISSING' : 'VERSION_DIFFERS';
  const expected = shown === undefined ? stateText(version, after) : String(version);
  return { accountId, version, kind, expected, found };
}

type Stuck = { readonly partition: number; readonly finding: Finding };

/**
 * Waits until the projection is where the log is now, as long as it moves; answers the partitions
 * that are not there.
 */
async function untilReached(
  { reading, eventStore }: ReconcileStores,
  partitions: ReadonlySet<number>,
  waitMs: number,
  onWait: () => Promise<void>,
  signal: AbortSignal,
): Promise<Stuck[]> {
  const log = await readLogHeads(eventStore, []);
  const wanted = log.heads.filter(({ partition }) => partitions.has(partition));
  let endsAtMs = performance.now() + waitMs;
  let before = new Map<number, bigint>();
  for (;;) {
    const heads = await readProjectedHeads(reading);
    const reached = new Map(heads.map(({ partition, seq }) => [partition, seq]));
    const behind = wanted.filter(({ partition, seq }) => (reached.get(partition) ?? 0n) < seq);
    if (behind.some(({ partition }) => reached.get(partition) !== before.get(partition))) {
      endsAtMs = performance.now() + waitMs;
    }
    before = reached;
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
    await onWait();
    await sleep(RECONCILE.behindPollMs, signal);
  }
}
