/** The tables that a run ends with. Pure. */
import type { History } from './history/history.ts';
import type { Struck } from './strikes.ts';

/** What flows again after a fault should do so within; a miss is said, and is no failure. */
export const TARGET_MS = { median: 5_000, worst: 15_000 } as const;

export function outcomeLines({ tries, submissions, ...seen }: History): string[] {
  const rows = new Map<string, Map<string, number>>();
  const count = (what: string, outcome: string, more = 1): void => {
    const row = rows.get(what) ?? new Map<string, number>();
    rows.set(what, row.set(outcome, (row.get(outcome) ?? 0) + more));
  };
  for (const { wanted, answer } of tries) count(wanted?.kind ?? 'bank transfer', answer.kind);
  for (const { kind, answer } of submissions) count(`submission, ${kind}`, answer.kind);
  count('account read', 'accepted', seen.reads.length);
  count('operation looked up', 'accepted', seen.lookups.length);
  count('total added up', 'accepted', seen.totals.length);
  const header = ['operation', 'accepted', 'closed', 'refused', 'unknown'];
  const body = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, row]) => [
      what,
      ...header.slice(1).map((outcome) => String(row.get(outcome) ?? '')),
    ]);
  return table([header, ...body]);
}

export function recoveryLines(struck: readonly Struck[]): string[] {
  const kinds = Map.groupBy(struck, ({ strike }) => {
    const [first, second] = strike.faults;
    return second === undefined ? first.kind : 'two at once';
  });
  const header = ['fault', 'struck', 'flows again: p50', 'worst', 'parts there again: worst'];
  const body = [...kinds].map(([kind, all]) => {
    const times = all.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b);
    const worst = times.at(-1) ?? 0;
    const isLate = median(times) > TARGET_MS.median || worst > TARGET_MS.worst;
    const starts = Math.max(...all.map(({ startMs }) => startMs));
    return [
      kind,
      String(all.length),
      seconds(median(times)),
      `${seconds(worst)}${isLate ? ' (over the target)' : ''}`,
      seconds(starts),
    ];
  });
  return table([header, ...body]);
}

export function inVainLines(inVain: ReadonlyMap<string, number>): string[] {
  return [...inVain].sort(([, a], [, b]) => b - a).map(([what, n]) => `${n} times: ${what}`);
}

function median(ascending: readonly number[]): number {
  return ascending[Math.floor((ascending.length - 1) / 2)] ?? 0;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
