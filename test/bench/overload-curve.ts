/**
 * The curve of an overload: what was offered, what came of it, and what it took; as a table in
 * Markdown and as a plot in text, for docs/benchmarks.md.
 */
import { numberText } from './report.ts';

export type CurvePoint = {
  readonly name: string;
  readonly offeredPerSecond: number;
  readonly goodputPerSecond: number;
  readonly answered: number;
  readonly refused: number;
  readonly lost: number;
  /** Of those that were answered in time. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the call to its refusal. */
  readonly refusedP99Ms: number;
  /** When the last call was sent that was not answered in time; 0 when all were. */
  readonly lastRefusedMs: number;
  /** Of command-svc, when the last call was sent. */
  readonly rssMb: number;
  /** Cores that command-svc and the load generator have used. */
  readonly serviceCores: number;
  readonly clientCores: number;
};

const HEADER = [
  'load',
  'offered/s',
  'goodput/s',
  'refused',
  'lost',
  'p50 ms',
  'p99 ms',
  'refusal p99 ms',
  'RSS MB',
  'cores: service',
  'client',
];
const PLOT_COLUMNS = 50;

export function curveTable(points: readonly CurvePoint[]): string[] {
  const rows = points.map((point) => [
    point.name,
    numberText(point.offeredPerSecond),
    numberText(point.goodputPerSecond),
    String(point.refused),
    String(point.lost),
    ...[point.p50Ms, point.p99Ms, point.refusedP99Ms].map(msText),
    numberText(point.rssMb),
    point.serviceCores.toFixed(2),
    point.clientCores.toFixed(2),
  ]);
  return [HEADER, HEADER.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
}

/** Goodput as a bar each, and where the offered load would end, if it is on the page. */
export function curvePlot(points: readonly CurvePoint[]): string[] {
  const most = Math.max(...points.map(({ goodputPerSecond }) => goodputPerSecond));
  const columns = (perSecond: number) => Math.round((perSecond / most) * PLOT_COLUMNS);
  return points.map(({ name, goodputPerSecond, offeredPerSecond }) => {
    const bar = '#'.repeat(columns(goodputPerSecond));
    const offered = columns(offeredPerSecond);
    const rest = offered > PLOT_COLUMNS ? '>' : `${' '.repeat(Math.max(0, offered - bar.length))}|`;
    return `${name.padEnd(10)} ${bar}${rest} ${Math.round(goodputPerSecond)}/s`;
  });
}

function msText(ms: number): string {
  return Number.isNaN(ms) ? '' : ms.toFixed(0);
}
