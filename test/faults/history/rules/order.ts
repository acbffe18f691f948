/**
 * Order: a command that was sent after another one was acknowledged stands behind it in their
 * account, and items of a submission stand in each account in the order of their indexes.
 */
import { placeOf } from '#test/support/closed-versions.ts';
import type { History } from '../history.ts';
import { NO_ITEMS, type Indexed } from '../indexed.ts';

type Told = { operationId: string; version: bigint; sentMs: number; answeredMs: number };

export function orderProblems(history: History, found: Indexed): string[] {
  return [...realTimeProblems(history, found), ...itemProblems(history, found)];
}

function realTimeProblems({ tries }: History, { byPlace }: Indexed): string[] {
  const byAccount = new Map<string, Told[]>();
  const add = (accountId: string, told: Told): void => {
    const others = byAccount.get(accountId);
    if (others === undefined) byAccount.set(accountId, [told]);
    else others.push(told);
  };
  for (const { accountId, answer, operationId, sentMs, answeredMs } of tries) {
    if (answer.kind !== 'accepted') continue;
    const { version, otherVersion } = answer;
    add(accountId, { operationId, version, sentMs, answeredMs });
    const event = byPlace.get(placeOf({ accountId, version }));
    const other = event?.counterpart ?? event?.swept;
    if (other === undefined || otherVersion === undefined) continue;
    add(other.accountId, { operationId, version: otherVersion, sentMs, answeredMs });
  }
  return [...byAccount.values()].flatMap(lateProblems);
}

/** One that stands behind another was not acknowledged before that one was sent. */
function lateProblems(told: Told[]): string[] {
  const problems: string[] = [];
  let newest: Told | undefined;
  for (const one of told.sort((a, b) => (a.version < b.version ? -1 : 1))) {
    if (newest !== undefined && one.answeredMs < newest.sentMs) {
      problems.push(
        `operation ${newest.operationId}: sent after operation ${one.operationId} ` +
          'was acknowledged, and stands before it',
      );
    }
    if (newest === undefined || one.sentMs > newest.sentMs) newest = one;
  }
  return problems;
}

function itemProblems({ submissions }: History, { bySubmission }: Indexed): string[] {
  return submissions.flatMap(({ submissionId }) => {
    const newest = new Map<string, bigint>();
    const items = [...(bySubmission.get(submissionId) ?? NO_ITEMS)].sort(([a], [b]) => a - b);
    const problems: string[] = [];
    for (const [index, events] of items) {
      for (const { accountId, version } of events) {
        if (version < (newest.get(accountId) ?? 0n)) {
          problems.push(`item ${index} of ${submissionId}: stands before an earlier item`);
        }
        newest.set(accountId, version);
      }
    }
    return problems;
  });
}
