/**
 * Submissions: each accepted item has one event, which says what was sent; what was answered is
 * what is stored; all or nothing where that was asked for; and each accepted item is acknowledged
 * once, never before it can be read, with `complete` last.
 */
import type { History, SentItem, SentSubmission, StoredEvent } from '../history.ts';
import { NO_ITEMS, type Indexed, type ItemEvents } from '../indexed.ts';

export function submissionProblems({ submissions }: History, { bySubmission }: Indexed): string[] {
  return submissions.flatMap((submission) => {
    const stored = bySubmission.get(submission.submissionId) ?? NO_ITEMS;
    return [
      ...itemProblems(submission, stored),
      ...answerProblems(submission, stored),
      ...resultProblems(submission, stored),
      ...acknowledgementProblems(submission, stored),
    ];
  });
}

function itemProblems({ submissionId, items }: SentSubmission, stored: ItemEvents): string[] {
  const problems: string[] = [];
  for (const [index, events] of stored) {
    const at = `item ${index} of ${submissionId}`;
    const event = events.at(-1);
    if (!areOfOneCommand(events)) problems.push(`${at}: ${events.length} events`);
    if (items === undefined || event === undefined) continue;
    const item = items[index];
    if (item === undefined) problems.push(`${at}: was never sent`);
    else if (!says(event, item)) problems.push(`${at}: its event says something else`);
  }
  return problems;
}

/** The last one says what was done; those before it made way for it, in the same step. */
function areOfOneCommand(events: readonly StoredEvent[]): boolean {
  return events.every((event, n) => {
    const next = events[n + 1];
    if (next === undefined) return true;
    const makesWay = event.kind === 'holdExpired' || (event.kind === 'transferSent' && next.closes);
    return makesWay === true && next.version === event.version + 1n && next.seq === event.seq;
  });
}

function says(event: StoredEvent, item: SentItem): boolean {
  const { kind, accountId, changeMinor, operationId } = item;
  return (
    event.kind === kind &&
    event.accountId === accountId &&
    (changeMinor === undefined || event.changeMinor === changeMinor) &&
    (event.operationId ?? '') === operationId
  );
}

function answerProblems(submission: SentSubmission, stored: ItemEvents): string[] {
  const { submissionId, kind, items, answer, sends } = submission;
  const at = `submission ${submissionId}`;
  if (answer.kind === 'refused') {
    // An earlier try, asleep in a stopped replica, may have gone through after it.
    return stored.size > 0 && sends === 1 ? [`${at}: refused (${answer.reason}), and stored`] : [];
  }
  if (answer.kind === 'unknown') return [];
  const { accepted, rejected, replayed } = answer;
  const problems: string[] = [];
  if (accepted !== BigInt(stored.size)) {
    problems.push(`${at}: ${accepted} items were acknowledged, ${stored.size} are stored`);
  }
  const total = accepted + rejected + replayed;
  if (items !== undefined && total !== BigInt(items.length)) {
    problems.push(`${at}: ${total} items were told of, ${items.length} sent`);
  }
  if (kind === 'atomic' && rejected > 0n) problems.push(`${at}: atomic, and stored in part`);
  return problems;
}

function resultProblems({ submissionId, results }: SentSubmission, stored: ItemEvents): string[] {
  return results.flatMap(({ index, answer }) => {
    const at = `item ${index} of ${submissionId}`;
    const event = stored.get(index)?.at(-1);
    if ('reason' in answer) {
      return event === undefined ? [] : [`${at}: refused (${answer.reason}), and stored`];
    }
    if (event === undefined) return [`${at}: acknowledged as ${answer.version}, and not stored`];
    if (event.version === answer.version) return [];
    return [`${at}: told as ${answer.version}, stored as ${event.version}`];
  });
}

function acknowledgementProblems(
  { submissionId, answer, acks, complete }: SentSubmission,
  stored: ItemEvents,
): string[] {
  const problems: string[] = [];
  const seen = new Set<number>();
  for (const { indexes, invisible } of acks) {
    for (const index of indexes) {
      const at = `item ${index} of ${submissionId}`;
      if (seen.has(index)) problems.push(`${at}: acknowledged twice`);
      seen.add(index);
      if (!stored.has(index)) problems.push(`${at}: acknowledged, and not stored`);
    }
    for (const index of invisible ?? []) {
      problems.push(`item ${index} of ${submissionId}: acknowledged before it could be read`);
    }
  }
  if (answer.kind !== 'closed') return problems;
  if (complete === undefined) {
    return [...problems, `submission ${submissionId}: closed, and never complete`];
  }
  for (const index of stored.keys()) {
    if (!seen.has(index)) problems.push(`item ${index} of ${submissionId}: never acknowledged`);
  }
  const { projected, accepted } = complete;
  if (projected === accepted && accepted === answer.accepted) return problems;
  const text = `${projected} of ${accepted}, accepted are ${answer.accepted}`;
  return [...problems, `submission ${submissionId}: complete says ${text}`];
}
