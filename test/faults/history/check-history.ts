/**
 * Judges a run: everything that must hold whatever struck it. Pure; answers all problems, each a
 * line that names what it is about (history-part.ts finds that again). An empty answer means that
 * every acknowledged command is stored once, order holds in every account, the projection is the
 * fold of the events, nothing was acknowledged that could not be read, transfers are whole and
 * totals are what they were.
 */
import type { Random } from '#test/support/random.ts';
import type { History } from './history.ts';
import { indexEvents } from './indexed.ts';
import { commandProblems } from './rules/answers.ts';
import { foldProblems } from './rules/fold.ts';
import { logProblems } from './rules/log.ts';
import { orderProblems } from './rules/order.ts';
import { submissionProblems } from './rules/submissions.ts';
import { moneyProblems } from './rules/totals.ts';

export function checkHistory(history: History, random: Random): string[] {
  const found = indexEvents(history);
  return [
    ...logProblems(history, found),
    ...commandProblems(history, found),
    ...submissionProblems(history, found),
    ...orderProblems(history, found),
    ...foldProblems(history, found),
    ...moneyProblems(history, found, random),
  ];
}
