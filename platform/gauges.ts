// Gauges: how large something is now, in the process, and the same as an OpenTelemetry gauge when a
// meter is bound (instruments.ts).
import type { AttributeValue, Gauge as OtelGauge } from '@opentelemetry/api';
import { declareInstrument, optionsOf } from './instruments.ts';

type Told<By extends string> = Partial<Record<By, AttributeValue>>;

export type Gauge<By extends string = string> = {
  set(value: number, attributes?: Told<By>): void;
  /** What was set last with these attributes; undefined: nothing was. */
  value(attributes?: Told<By>): number | undefined;
};

/** One instrument a name; asking again answers the same gauge. */
export function gauge<By extends string = never>(
  name: string,
  help: string,
  unit: string,
  by: readonly By[] = [],
): Gauge<By> {
  const known = gauges.get(name);
  if (known !== undefined) return known;
  const values = new Map<string, number>();
  let instrument: OtelGauge | undefined;
  const declared = { kind: 'gauge', name, help, unit, by } as const;
  declareInstrument(declared, (meter) => {
    instrument = meter?.createGauge(name, optionsOf(declared));
  });
  const made: Gauge = {
    set(value, attributes = {}) {
      values.set(JSON.stringify(attributes), value);
      instrument?.record(value, attributes);
    },
    value: (attributes = {}) => values.get(JSON.stringify(attributes)),
  };
  gauges.set(name, made);
  return made;
}

const gauges = new Map<string, Gauge>();
