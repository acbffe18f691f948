// Gauges: how large something is now, in the process, and the same as an OpenTelemetry gauge when a
// meter provider is there.
import { metrics } from '@opentelemetry/api';
import type { Attributes, Gauge as OtelGauge } from '@opentelemetry/api';

export type Gauge = {
  set(value: number, attributes?: Attributes): void;
  /** What was set last with these attributes; undefined: nothing was. */
  value(attributes?: Attributes): number | undefined;
};

/** One instrument a name; asking again answers the same gauge. `unit`: as in ms or By. */
export function gauge(name: string, help: string, unit = '1'): Gauge {
  const known = gauges.get(name);
  if (known !== undefined) return known;
  const values = new Map<string, number>();
  // Made at the first use: a provider may come after the import.
  let instrument: OtelGauge | undefined;
  const made: Gauge = {
    set(value, attributes = {}) {
      values.set(JSON.stringify(attributes), value);
      instrument ??= metrics.getMeter('banking-es').createGauge(name, { description: help, unit });
      instrument.record(value, attributes);
    },
    value: (attributes = {}) => values.get(JSON.stringify(attributes)),
  };
  gauges.set(name, made);
  return made;
}

const gauges = new Map<string, Gauge>();
