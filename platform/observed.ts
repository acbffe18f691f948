// Instruments that are read when somebody looks, at each scrape or export: for what the process
// knows anyway (queue lengths, connections, totals), so that the work itself pays nothing.
import type { AttributeValue, ObservableCounter, ObservableGauge } from '@opentelemetry/api';
import { declareInstrument, optionsOf, type Instrument } from './instruments.ts';

export type Observation<By extends string> = readonly [
  value: number,
  attributes?: Partial<Record<By, AttributeValue>>,
];

export type Observed<By extends string> = {
  /** Asks `read` at each look, beside the others that watch. Answers what ends it. */
  watch(read: () => Iterable<Observation<By>>): () => void;
};

type Kind = 'counter' | 'gauge';

/** How large something is. */
export function observedGauge<By extends string = never>(
  name: string,
  help: string,
  unit: string,
  by: readonly By[] = [],
): Observed<By> {
  return observed({ kind: 'gauge', name, help, unit, by });
}

/** A total that only grows. */
export function observedCounter<By extends string = never>(
  name: string,
  help: string,
  unit: string,
  by: readonly By[] = [],
): Observed<By> {
  return observed({ kind: 'counter', name, help, unit, by });
}

function observed<By extends string>(declared: Instrument & { kind: Kind }): Observed<By> {
  const reads = new Set<() => Iterable<Observation<By>>>();
  let instrument: ObservableCounter | ObservableGauge | undefined;
  declareInstrument(declared, (meter) => {
    const options = optionsOf(declared);
    instrument =
      declared.kind === 'counter'
        ? meter?.createObservableCounter(declared.name, options)
        : meter?.createObservableGauge(declared.name, options);
    instrument?.addCallback((result) => {
      for (const read of reads) {
        for (const [value, attributes = {}] of read()) result.observe(value, attributes);
      }
    });
  });
  return {
    watch(read) {
      reads.add(read);
      return () => void reads.delete(read);
    },
  };
}
