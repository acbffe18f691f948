// Traces and metrics by OpenTelemetry: sent by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set, and
// metrics shown on a page when BANK_METRICS_LISTEN is. Without either every span and instrument is
// a no-op and nothing is loaded. No automatic instrumentation: each step makes its own span and
// hands the context on explicitly, as W3C traceparent text where it leaves the process (metadata,
// outbox row, Kafka header).
import { ROOT_CONTEXT, TraceFlags, isSpanContextValid, trace } from '@opentelemetry/api';
import type { Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
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

/** The W3C text of a span; undefined when nothing is recorded. */
export function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isSpanContextValid(span.spanContext())) return undefined;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Whether the trace of that text is sent. */
export function isSampled(text: string | undefined): text is string {
  return ((parseTraceparent(text)?.traceFlags ?? 0) & TraceFlags.SAMPLED) !== 0;
}

/**
 * A context whose parent is the remote span; the root context when the text is missing or
 * malformed.
 */
export function contextOfTraceparent(text: string | undefined): Context {
  const remote = parseTraceparent(text);
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

/** A link to the remote span; undefined when the text is missing or malformed. */
export function linkOfTraceparent(text: string | undefined): Link | undefined {
  const context = parseTraceparent(text);
  return context === undefined ? undefined : { context };
}

export function parseTraceparent(text: string | undefined): SpanContext | undefined {
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/.exec(
    text ?? '',
  );
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const remote: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
  return isSpanContextValid(remote) ? remote : undefined;
}
