/**
 * The figures as a table with their targets beside them, and as the JSON that --json writes.
 */
import { FIGURES, verdictOf, type FigureSpec, type Target } from './figures.ts';
import type { MeasuredFigure } from './samples.ts';

const HEADER = ['figure', 'median', 'min', 'max', 'runs', 'unit', 'must', 'aim', 'reached'];
const ALIGNED_LEFT = new Set(['figure', 'unit', 'reached']);

export function reportTable(figures: readonly MeasuredFigure[]): string[] {
  const rows = [HEADER, ...figures.map(rowOf)];
  const widths = HEADER.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, at) => {
        const width = widths[at] ?? 0;
        return ALIGNED_LEFT.has(HEADER[at] ?? '') ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Targets that were missed, and figures that have no run. */
export function shortcomings(
  wanted: readonly FigureSpec[],
  figures: readonly MeasuredFigure[],
): string[] {
  const measured = new Map(figures.map((figure) => [figure.name, figure]));
  return wanted.flatMap((spec) => {
    const figure = measured.get(spec.name);
    if (figure === undefined) return [`${spec.name} has no figure`];
    if (verdictOf(spec, figure.median) !== 'MISS') return [];
    return [`${spec.name} misses: ${numberText(figure.median)}, must ${goal(spec.target, 'must')}`];
  });
}

export function reportJson(figures: readonly MeasuredFigure[]): string {
  const listed = figures.map(({ name, unit, median, min, max, runs }) => {
    return { name, unit, median, min, max, runs };
  });
  return `${JSON.stringify({ figures: listed }, undefined, 2)}\n`;
}

export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : 2);
}

function rowOf({ name, unit, median, min, max, runs }: MeasuredFigure): string[] {
  const spec = FIGURES.find((figure) => figure.name === name) ?? { name, unit };
  const numbers = [median, min, max].map(numberText);
  const { target } = spec;
  const goals = [goal(target, 'must'), goal(target, 'aim')];
  return [name, ...numbers, String(runs), unit, ...goals, verdictOf(spec, median)];
}

function goal(target: Target | undefined, which: 'must' | 'aim'): string {
  if (target === undefined) return '';
  return `${target.better === 'higher' ? '>=' : '<='} ${numberText(target[which])}`;
}
