// Counters: a total in the process, and the same as an OpenTelemetry counter when a meter provider
// is there.
import { metrics } from '@opentelemetry/api';
import type { Attributes, Counter as OtelCounter } from '@opentelemetry/api';

export type Counter = {
  add(amount?: number, attributes?: Attributes): void;
  /** Since the process started, over all attributes. */
  total(): number;
};

/** One instrument a name; asking again answers the same counter. */
export function counter(name: string, help: string): Counter {
  const known = counters.get(name);
  if (known !== undefined) return known;
  let sum = 0;
  // Made at the first use: a provider may come after the import.
  let instrument: OtelCounter | undefined;
  const made: Counter = {
    add(amount = 1, attributes = {}) {
      sum += amount;
      instrument ??= metrics.getMeter('banking-es').createCounter(name, { description: help });
      instrument.add(amount, attributes);
    },
    total: () => sum,
  };
  counters.set(name, made);
  return made;
}

const counters = new Map<string, Counter>();
