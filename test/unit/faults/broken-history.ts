/** Histories that are broken in one place, and what the checker says of them. */
import { seededRandom } from '#test/support/random.ts';
import { checkHistory } from '#test/faults/history/check-history.ts';
import type {
  CommandTry,
  History,
  Projected,
  SentSubmission,
  StoredEvent,
} from '#test/faults/history/history.ts';
import { wholeHistory } from './whole-history.ts';

export const problemsOf = (history: History): string =>
  checkHistory(history, seededRandom(3)).join('\n');

/** The events changed at one place; undefined: taken out. */
export function withEvent(
  accountId: string,
  version: bigint,
  change: (event: StoredEvent) => readonly StoredEvent[],
): History {
  const whole = wholeHistory();
  const at = whole.events.findIndex(
    (event) => event.accountId === accountId && event.version === version,
  );
  const event = whole.events[at];
  if (event === undefined) throw new Error('no such event');
  return { ...whole, events: whole.events.toSpliced(at, 1, ...change(event)) };
}

export function withTry(operationId: string, change: Partial<CommandTry>): History {
  const whole = wholeHistory();
  const tries = whole.tries.map((one) =>
    one.operationId === operationId ? { ...one, ...change } : one,
  );
  return { ...whole, tries };
}

export function withSubmission(change: Partial<SentSubmission>): History {
  const whole = wholeHistory();
  return { ...whole, submissions: whole.submissions.map((one) => ({ ...one, ...change })) };
}

export function withProjected(change: (projected: Projected) => Partial<Projected>): History {
  const whole = wholeHistory();
  return { ...whole, projected: { ...whole.projected, ...change(whole.projected) } };
}

export function exchanged(one: string, first: bigint): History {
  const whole = wholeHistory();
  const at = (version: bigint): number =>
    whole.events.findIndex((e) => e.accountId === one && e.version === version);
  const [a, b] = [whole.events[at(first)], whole.events[at(first + 1n)]];
  if (a === undefined || b === undefined) throw new Error('no such events');
  const events = whole.events.with(at(first), b).with(at(first + 1n), a);
  return { ...whole, events };
}
