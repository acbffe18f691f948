/**
 * Spans of work on several batches at once (a transaction of many records, a page of
 * acknowledgements). One span is of the work itself, in the trace of the first batch that is
 * sampled; each other sampled batch gets a span like it, linked to that one, so that its trace is
 * whole. What is not sampled costs one span, of which nothing is sent unless it fails or is slow.
 */
import type { Attributes, Span, SpanKind } from '@opentelemetry/api';
import { contextOfTraceparent, isSampled, linkOfTraceparent, tracer } from '#platform/telemetry.ts';
import { TRACES } from './bounds.ts';

export type JoinedSpan = {
  readonly span: Span;
  /** Ends it, and tells it to the others. */
  end(): void;
};

export function startJoinedSpan(
  name: string,
  kind: SpanKind,
  traceparents: readonly (string | undefined)[],
  attributes: Attributes,
): JoinedSpan {
  const spans = tracer('projector-svc');
  const startTime = performance.now();
  const sampled = traceparents.filter(isSampled).slice(0, TRACES.joinedMax);
  const [own = traceparents[0], ...others] = sampled;
  const context = contextOfTraceparent(own);
  const span = spans.startSpan(name, { kind, attributes, startTime }, context);
  if (span.isRecording()) {
    for (const text of traceparents.slice(0, TRACES.linksMax)) {
      const link = text === own ? undefined : linkOfTraceparent(text);
      if (link !== undefined) span.addLink(link);
    }
  }
  return {
    span,
    end() {
      const endTime = performance.now();
      span.end(endTime);
      const links = [{ context: span.spanContext() }];
      for (const text of others) {
        const options = { kind, startTime, links, attributes: { 'bank.joined': true } };
        spans.startSpan(name, options, contextOfTraceparent(text)).end(endTime);
      }
    },
  };
}
