/**
 * The trace of a batch: one root span, with a child for each step (intake, lock, load, decide,
 * append), linked to the streams and calls that its items came by. Its context rides in the outbox
 * row to the projector and on to the acknowledgement. Spans are made per batch, never per item.
 * What a step took is told to the metrics too.
 */
import { randomBytes } from 'node:crypto';
import { ROOT_CONTEXT, SpanStatusCode, trace, type Link, type Span } from '@opentelemetry/api';
import { linkOfTraceparent, traceparentOf, tracer } from '#platform/telemetry.ts';
import { noteStart, noteStep } from './batch-metrics.ts';
import { LINKS_MAX } from './bounds.ts';
import type { BatchItem } from './batch-item.ts';

export type BatchTrace = {
  /** W3C text for the outbox row. */
  readonly traceparent: string;
  /** Runs a step in a child span of its own. */
  step<T>(name: string, fn: () => Promise<T> | T): Promise<T>;
  /** Something that happened to this process since the last batch. */
  event(name: string, attributes: Record<string, number | string | boolean>, at: Date): void;
  end(attributes: Record<string, number | string | boolean>): void;
};

/** `queuedSinceMs`: of performance.now(), which OpenTelemetry turns into a time of day. */
export function startBatchTrace(
  partition: number,
  items: readonly BatchItem[],
  queuedSinceMs: number,
): BatchTrace {
  noteStart(items.length, queuedSinceMs);
  const spans = tracer('command-svc');
  const root = spans.startSpan(
    'batch',
    {
      startTime: queuedSinceMs,
      links: linksTo(items),
      attributes: { 'bank.partition': partition, 'bank.items': items.length },
    },
    ROOT_CONTEXT,
  );
  const within = trace.setSpan(ROOT_CONTEXT, root);
  spans.startSpan('intake', { startTime: queuedSinceMs }, within).end();
  return {
    traceparent: traceparentOf(root) ?? unrecordedTraceparent(),
    async step(name, fn) {
      const span = spans.startSpan(name, {}, within);
      const startedMs = performance.now();
      try {
        return await fn();
      } catch (error) {
        recordFailure(span, error);
        throw error;
      } finally {
        span.end();
        noteStep(name, startedMs);
      }
    },
    event(name, attributes, at) {
      root.addEvent(name, attributes, at);
    },
    end(attributes) {
      root.setAttributes(attributes);
      root.end();
    },
  };
}

function linksTo(items: readonly BatchItem[]): Link[] {
  const texts = new Set<string>();
  let last: unknown;
  for (const { origin } of items) {
    if (origin === last) continue; // a stream's items share theirs
    last = origin;
    const { traceparent } = origin;
    if (traceparent !== undefined && texts.size < LINKS_MAX) texts.add(traceparent);
  }
  return [...texts].map(linkOfTraceparent).filter((link) => link !== undefined);
}

function recordFailure(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/**
 * Without an exporter the text still names the batch in rows, headers and logs; its flag says "not
 * sampled".
 */
function unrecordedTraceparent(): string {
  const ids = randomBytes(24).toString('hex');
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-00`;
}
