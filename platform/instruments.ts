// Every instrument of the process, declared once with its name, what it says, its unit and what it
// is told apart by. Instruments record nothing until a meter is bound: without a metrics page and
// without an OTLP endpoint they cost nothing. docs/metrics.md is made of what is declared here.
import type { Meter } from '@opentelemetry/api';

export type Instrument = {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** By OpenTelemetry's rules: dots between names, no unit in it. */
  readonly name: string;
  readonly help: string;
  /** By UCUM: s, By, 1 for a share, {item} for a count of something. */
  readonly unit: string;
  /** Names of its attributes. */
  readonly by: readonly string[];
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
};

type Bind = (meter: Meter | undefined) => void;

const declared = new Map<string, { instrument: Instrument; bind: Bind }>();
let bound: Meter | undefined;

/** `bind` is called at once and with each meter that comes or goes. A name is declared once. */
export function declareInstrument(instrument: Instrument, bind: Bind): void {
  const { name } = instrument;
  if (declared.has(name)) throw new Error(`the instrument ${name} is declared twice`);
  declared.set(name, { instrument, bind });
  bind(bound);
}

/** By name. */
export function declaredInstruments(): Instrument[] {
  const all = Array.from(declared.values(), ({ instrument }) => instrument);
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** All instruments record by this meter from now on; undefined: they record nothing. */
export function bindInstruments(meter: Meter | undefined): void {
  bound = meter;
  for (const { bind } of declared.values()) bind(meter);
}

/** What OpenTelemetry is told of an instrument. */
export function optionsOf({ help, unit }: Instrument): { description: string; unit: string } {
  return { description: help, unit };
}
