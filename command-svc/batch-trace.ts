/**
 * The trace of a batch: one root span, with a child for each step (queue, lock, load, decide,
 * append), linked to the streams and calls that its items came by. Its context rides in the outbox
 * row to the projector and on to the acknowledgement. Spans are made per batch, never per item.
 * A batch that is not sampled has its root only, with what its steps took, and a span of each step
 * that failed: most of them are never sent. What a step took is told to the metrics too.
 */
import { randomBytes } from 'node:crypto';
import {
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Attributes,
  type Link,
  type Span,
  type SpanOptions,
} from '@opentelemetry/api';
import { STORE } from '#platform/span-attributes.ts';
import {
  detailsAreShown,
  failSpan,
  isSampled,
  linkOfTraceparent,
  traceparentOf,
  tracer,
} from '#platform/telemetry.ts';
import { noteStart, noteStep } from './batch-metrics.ts';
import { LINKS_MAX } from './bounds.ts';
import type { BatchItem } from './batch-item.ts';

export type BatchTrace = {
  /** W3C text for the outbox row. */
  readonly traceparent: string;
  /** Runs a step in a child span of its own. */
  step<T>(name: BatchStep, fn: () => Promise<T> | T): Promise<T>;
  /** Something that happened to this process since the last batch. */
  event(name: string, attributes: Record<string, number | string | boolean>, at: Date): void;
  /** `failure`: why the batch was not stored. */
  end(attributes: Attributes, failure?: { readonly error: unknown }): void;
};

export type BatchStep = 'lock' | 'load' | 'decide' | 'append';

const STEP_OPTIONS: Readonly<Record<BatchStep, SpanOptions>> = {
  lock: { kind: SpanKind.CLIENT, attributes: STORE.redis },
  load: { kind: SpanKind.CLIENT, attributes: STORE.postgresql },
  decide: {},
  append: { kind: SpanKind.CLIENT, attributes: STORE.postgresql },
};

/** `queuedSinceMs`: of performance.now(), which OpenTelemetry turns into a time of day. */
export function startBatchTrace(
  partition: number,
  items: readonly BatchItem[],
  queuedSinceMs: number,
): BatchTrace {
  const spans = tracer('command-svc');
  const attributes = { 'bank.partition': partition, 'bank.items': items.length };
  const root = spans.startSpan(
    'batch',
    { startTime: queuedSinceMs, links: linksTo(items), attributes },
    ROOT_CONTEXT,
  );
  const within = trace.setSpan(ROOT_CONTEXT, root);
  const traceparent = traceparentOf(root) ?? unrecordedTraceparent();
  const isWhole = isSampled(traceparent);
  if (isWhole) spans.startSpan('queue', { startTime: queuedSinceMs }, within).end();
  const tookMs: Record<string, number> = {};
  noteStart(items.length, queuedSinceMs, traceparent);
  if (detailsAreShown()) root.setAttributes(detailsOf(items));
  return {
    traceparent,
    async step(name, fn) {
      const startedMs = performance.now();
      const startSpan = (): Span =>
        spans.startSpan(name, { ...STEP_OPTIONS[name], startTime: startedMs }, within);
      let span = isWhole ? startSpan() : undefined;
      try {
        return await fn();
      } catch (error) {
        span ??= startSpan();
        failSpan(span, error);
        throw error;
      } finally {
        const endedMs = performance.now();
        span?.end(endedMs);
        const of = `bank.${name}_ms`;
        tookMs[of] = (tookMs[of] ?? 0) + endedMs - startedMs;
        noteStep(name, startedMs, traceparent);
      }
    },
    event(name, attributes, at) {
      root.addEvent(name, attributes, at);
    },
    end(attributes, failure) {
      root.setAttributes(isWhole ? attributes : { ...attributes, ...tookMs });
      if (failure !== undefined) failSpan(root, failure.error);
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

/** The first accounts and submissions, where telemetry may name them. */
function detailsOf(items: readonly BatchItem[]): Attributes {
  const accounts = new Set<string>();
  const submissions = new Set<string>();
  for (const { command, origin } of items) {
    if (accounts.size >= LINKS_MAX) break;
    if (command !== undefined) accounts.add(command.accountId);
    if (origin.kind === 'submission') submissions.add(origin.claim.submissionId);
  }
  return { 'bank.account_ids': [...accounts], 'bank.submission_ids': [...submissions] };
}

/**
 * Without an exporter the text still names the batch in rows, headers and logs; its flag says "not
 * sampled".
 */
function unrecordedTraceparent(): string {
  const ids = randomBytes(24).toString('hex');
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-00`;
}
