// Traces and metrics by OpenTelemetry: sent by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set, and
// metrics shown on a page when BANK_METRICS_LISTEN is. Without either every span and instrument is
// a no-op and nothing is loaded. No automatic instrumentation: each step makes its own span and
// hands the context on explicitly, as W3C traceparent text where it leaves the process (metadata,
// outbox row, Kafka header).
import { trace } from '@opentelemetry/api';
import type { Tracer } from '@opentelemetry/api';
import { showDetails } from './telemetry-details.ts';
import { readTelemetrySettings } from './telemetry-settings.ts';

export { counter } from './counters.ts';
export type { Counter } from './counters.ts';
export { gauge } from './gauges.ts';
export type { Gauge } from './gauges.ts';
export { COUNTS, SECONDS, histogram } from './histograms.ts';
export type { Histogram } from './histograms.ts';
export { observedCounter, observedGauge } from './observed.ts';
export { failSpan } from './span-failure.ts';
export { detailsAreShown } from './telemetry-details.ts';
export {
  contextOfTraceparent,
  isSampled,
  linkOfTraceparent,
  traceparentOf,
} from './traceparent.ts';

export type Telemetry = {
  /** host:port of the metrics page; undefined: there is none. */
  readonly metricsAddress: string | undefined;
  /** Sends what is left, within bounds. */
  shutdown(): Promise<void>;
};

export type TelemetryOptions = { service: string; instance: string; env: NodeJS.ProcessEnv };

/**
 * Resolves when spans and metrics are recorded. Throws a ConfigError, or when the page cannot
 * listen.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const settings = readTelemetrySettings(options.env);
  showDetails(settings.details);
  if (settings.endpoint === undefined && settings.page === undefined) {
    return { metricsAddress: undefined, shutdown: () => Promise.resolve() };
  }
  // Loaded only here: without a reader a service pays nothing for it.
  const { startExport } = await import('./telemetry-export.ts');
  return startExport(options, settings);
}

export function tracer(name: string): Tracer {
  return trace.getTracer(name);
}
