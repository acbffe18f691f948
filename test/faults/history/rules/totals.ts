/**
 * Totals: transfers have both legs, and the money of the bank is what was paid in, over any closed
 * versions of its events and whenever somebody added it up in the projection.
 */
import { legProblems, totalProblems } from '#test/support/bank-history.ts';
import type { Random } from '#test/support/random.ts';
import type { History } from '../history.ts';
import type { Indexed } from '../indexed.ts';

export function moneyProblems(
  { events, bank, totals }: History,
  { byPlace }: Indexed,
  random: Random,
): string[] {
  const own = events.filter(({ accountId }) => bank.accounts.has(accountId));
  const history = { events: own, tries: [], start: bank.start, totalMinor: bank.totalMinor };
  return [
    ...legProblems({ events }, byPlace),
    ...totalProblems(history, byPlace, random),
    ...totals
      .filter(({ totalMinor }) => totalMinor !== bank.totalMinor)
      .map(({ atMs, totalMinor }) => {
        const when = `at ${(atMs / 1000).toFixed(1)} s`;
        return `the total seen ${when} is ${totalMinor}, not ${bank.totalMinor}`;
      }),
  ];
}
