// How a metric is called on the Prometheus page: dots become underscores, the unit stands at the
// end of the name, and a counter ends with _total. It is OpenTelemetry's own translation, so that
// what Prometheus scrapes here and what it is sent by OTLP have the same names.
import type { Instrument } from './instruments.ts';

const UNIT_WORDS = new Map([
  ['s', 'seconds'],
  ['By', 'bytes'],
]);

type Named = Pick<Instrument, 'kind' | 'name' | 'unit'>;

/** The name of the series; a histogram's end with _bucket, _sum and _count. */
export function pageNameOf(instrument: Named): string {
  const name = familyNameOf(instrument);
  return instrument.kind === 'counter' ? `${name}_total` : name;
}

/** The same without what tells a counter. */
export function familyNameOf(instrument: Named): string {
  const name = instrument.name.replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/_{2,}/g, '_');
  const word = unitWordOf(instrument);
  return word === undefined || name.endsWith(`_${word}`) ? name : `${name}_${word}`;
}

/** Undefined for a plain count. */
export function unitWordOf({ kind, unit }: Pick<Named, 'kind' | 'unit'>): string | undefined {
  if (unit === '1') return kind === 'gauge' ? 'ratio' : undefined;
  return UNIT_WORDS.get(unit);
}

/** Units that have a word on the page, and counts in braces. */
export function isKnownUnit(unit: string): boolean {
  return unit === '1' || UNIT_WORDS.has(unit) || /^\{[a-z_]+\}$/.test(unit);
}
