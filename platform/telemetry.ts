// Traces by OpenTelemetry, sent by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set; without it every
// span is a no-op and nothing is loaded. No automatic instrumentation: each step makes its own span
// and hands the context on explicitly, as W3C traceparent text where it leaves the process
// (metadata, outbox row, Kafka header).
import { ROOT_CONTEXT, TraceFlags, isSpanContextValid, trace } from '@opentelemetry/api';
import type { Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';

export { counter } from './counters.ts';
export type { Counter } from './counters.ts';
export { gauge } from './gauges.ts';
export type { Gauge } from './gauges.ts';

export type Telemetry = {
  /** Resolves when spans are recorded (at once when there is no endpoint). */
  ready: Promise<void>;
  /** Sends what is left, within bounds. */
  shutdown: () => Promise<void>;
};

export type TelemetryOptions = { service: string; instance: string; env: NodeJS.ProcessEnv };

export function startTelemetry(options: TelemetryOptions): Telemetry {
  const endpoint = options.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (endpoint === undefined || endpoint === '') {
    return { ready: Promise.resolve(), shutdown: () => Promise.resolve() };
  }
  // Loaded only here: without an endpoint a service pays nothing for it.
  const started = import('./trace-export.ts').then((module) => module.startExport(options));
  const ready = started.then(
    () => undefined,
    (error: unknown) => process.emitWarning(`Traces are not exported: ${String(error)}`),
  );
  const shutdown = async (): Promise<void> => (await started).shutdown();
  return { ready, shutdown };
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
