// Histograms: how values are spread, by buckets with explicit bounds, when a meter is bound
// (instruments.ts). Recorded once a batch, a transaction or a call, never once an item.
import type { AttributeValue, Histogram as OtelHistogram } from '@opentelemetry/api';
import { keepExemplar } from './exemplars.ts';
import { familyNameOf } from './metric-names.ts';
import { declareInstrument, optionsOf } from './instruments.ts';

export type Histogram<By extends string = string> = {
  /** `traceparent`: of the work that took so long; its trace is an exemplar when it is sampled. */
  record(
    value: number,
    attributes?: Partial<Record<By, AttributeValue>>,
    traceparent?: string,
  ): void;
};

/** From half a millisecond to a minute: what a step, a call, or the way to the reader takes. */
export const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

/** From one to what a batch may hold. */
export const COUNTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 3_500, 5_000] as const;

/** Declared once a name, at the top of the module that records. */
export function histogram<By extends string = never>(
  name: string,
  help: string,
  unit: string,
  buckets: readonly number[],
  by: readonly By[] = [],
): Histogram<By> {
  let instrument: OtelHistogram | undefined;
  const declared = { kind: 'histogram', name, help, unit, by, buckets } as const;
  const family = familyNameOf(declared);
  declareInstrument(declared, (meter) => {
    instrument = meter?.createHistogram(name, {
      ...optionsOf(declared),
      advice: { explicitBucketBoundaries: [...buckets] },
    });
  });
  return {
    record(value, attributes = {}, traceparent) {
      if (instrument === undefined) return;
      instrument.record(value, attributes);
      keepExemplar(family, buckets, value, attributes, traceparent);
    },
  };
}
