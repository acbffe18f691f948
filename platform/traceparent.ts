// The W3C text of a trace's context (traceparent), as it travels in metadata, outbox rows and Kafka
// headers: from a span to the text, and back to a context, a link, or its parts.
import { ROOT_CONTEXT, TraceFlags, isSpanContextValid, trace } from '@opentelemetry/api';
import type { Context, Link, Span, SpanContext } from '@opentelemetry/api';

/** The W3C text of a span; undefined when nothing is recorded. */
export function traceparentOf(span: Span): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if (!isSpanContextValid(span.spanContext())) return undefined;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Where the flags end. */
const FLAG_AT = 54;

/** Whether the trace of that text is sent; most are not, and are not read further. */
export function isSampled(text: string | undefined): text is string {
  if ((Number.parseInt(text?.charAt(FLAG_AT) ?? '', 16) & TraceFlags.SAMPLED) === 0) return false;
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
