// Exemplars: for each bucket of a histogram the trace that fell into it last, so that from a slow
// bucket one gets to a slow batch. OpenTelemetry's SDK for Node keeps none yet; so they are kept
// here, of sampled traces only, bounded, and put onto the page where the reader asks for
// OpenMetrics (the older text format has no place for them).
import type { Attributes } from '@opentelemetry/api';
import { parseTraceparent, isSampled } from './traceparent.ts';

const EXEMPLARS_MAX = 2_000;
const MS_PER_SECOND = 1_000;
const BUCKET = /^(\w+)_bucket\{(.*)\} \S+$/;

type Exemplar = { readonly traceId: string; readonly value: number; readonly atMs: number };

const kept = new Map<string, Exemplar>();

/** `family`: the histogram's name on the page. */
export function keepExemplar(
  family: string,
  buckets: readonly number[],
  value: number,
  attributes: Attributes,
  traceparent: string | undefined,
): void {
  if (!isSampled(traceparent)) return;
  const traceId = parseTraceparent(traceparent)?.traceId;
  if (traceId === undefined) return;
  const bound = buckets.find((one) => value <= one);
  const key = keyOf(family, labelsOf(attributes), bound === undefined ? '+Inf' : String(bound));
  if (!kept.has(key) && kept.size >= EXEMPLARS_MAX) return;
  kept.set(key, { traceId, value, atMs: Date.now() });
}

/** The page's text in the format of OpenMetrics, with what was kept. */
export function toOpenMetrics(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  return `${lines.map(openMetricsLine).join('\n')}\n# EOF\n`;
}

function openMetricsLine(line: string): string {
  // There a counter's family has the name without _total.
  if (line.startsWith('#')) return line.replace(/^(# (?:HELP|TYPE|UNIT) \w+?)_total /, '$1 ');
  const [, family = '', labels = ''] = BUCKET.exec(line) ?? [];
  if (family === '') return line;
  const parts = labels.split(/,(?=\w+=")/);
  const bound = /^le="(.*)"$/.exec(parts.at(-1) ?? '')?.[1] ?? '';
  const own = parts.filter((part) => !/^(?:le|service_name)=/.test(part)).sort();
  const found = kept.get(keyOf(family, own.join(','), bound));
  if (found === undefined) return line;
  const { traceId, value, atMs } = found;
  return `${line} # {trace_id="${traceId}"} ${value} ${(atMs / MS_PER_SECOND).toFixed(3)}`;
}

function labelsOf(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name.replaceAll('.', '_')}="${String(value)}"`)
    .sort()
    .join(',');
}

function keyOf(family: string, labels: string, bound: string): string {
  return `${family} ${labels} ${bound}`;
}
