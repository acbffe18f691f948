// Attributes of spans that more than one module must know; the others stand where they are set.
// Names are OpenTelemetry's (rpc, db, messaging) where it has them.
import type { Attributes } from '@opentelemetry/api';

/** On spans that are long by their nature. */
export const IS_STREAM = 'bank.stream';

/** A span of work in a store: a client's span. */
export const STORE: Readonly<Record<'postgresql' | 'redis', Attributes>> = {
  postgresql: { 'db.system.name': 'postgresql' },
  redis: { 'db.system.name': 'redis' },
};
