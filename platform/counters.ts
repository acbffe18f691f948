// Counters: a total in the process, and the same as an OpenTelemetry counter when a meter is bound
// (instruments.ts).
import type { AttributeValue, Counter as OtelCounter } from '@opentelemetry/api';
import { declareInstrument, optionsOf } from './instruments.ts';

export type Counter<By extends string = string> = {
  add(amount?: number, attributes?: Partial<Record<By, AttributeValue>>): void;
  /** Since the process started, over all attributes. */
  total(): number;
};

/** One instrument a name; asking again answers the same counter. */
export function counter<By extends string = never>(
  name: string,
  help: string,
  unit: string,
  by: readonly By[] = [],
): Counter<By> {
  const known = counters.get(name);
  if (known !== undefined) return known;
  let sum = 0;
  let instrument: OtelCounter | undefined;
  const declared = { kind: 'counter', name, help, unit, by } as const;
  declareInstrument(declared, (meter) => {
    instrument = meter?.createCounter(name, optionsOf(declared));
    if (by.length === 0) instrument?.add(0); // shown before anything has happened
  });
  const made: Counter = {
    add(amount = 1, attributes = {}) {
      sum += amount;
      instrument?.add(amount, attributes);
    },
    total: () => sum,
  };
  counters.set(name, made);
  return made;
}

const counters = new Map<string, Counter>();
