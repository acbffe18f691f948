// Spans that were not sampled are held until the work that they are of has ended in this process:
// when any of them failed, or it took long, they are sent after all. What is held is bounded, and
// so is how many are sent a second, so that an outage does not send everything.
//
// Only this process's part of a trace can be kept so: the others have long seen "not sampled" in
// the context. A stream is long by its nature, and kept only when it fails.
import { SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Context, HrTime } from '@opentelemetry/api';
import { IS_STREAM } from './span-attributes.ts';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** On what was sent though it was not sampled: why. */
const KEPT = 'bank.kept';

const OPEN_SPANS_MAX = 8_192;
const ENDED_SPANS_A_ROOT_MAX = 64;
const KEPT_A_SECOND_MAX = 20;
const SECOND_MS = 1_000;

/** Work in this process: begun by a span without a parent, or with one elsewhere. */
type Work = { readonly rootId: string; readonly ended: ReadableSpan[]; failed: boolean };

export class KeptTraces implements SpanProcessor {
  readonly #next: SpanProcessor;
  readonly #slowMs: number;
  /** By the id of each span that is open. */
  readonly #open = new Map<string, Work>();
  #secondBeganMs = 0;
  #keptInSecond = 0;

  /** `next` takes sampled spans as they end. */
  constructor(next: SpanProcessor, slowMs: number) {
    this.#next = next;
    this.#slowMs = slowMs;
  }

  onStart(span: Span, context: Context): void {
    if (isSampled(span)) return this.#next.onStart(span, context);
    if (this.#open.size >= OPEN_SPANS_MAX) return;
    const { spanId } = span.spanContext();
    const parent = span.parentSpanContext;
    if (parent === undefined || parent.isRemote === true) {
      this.#open.set(spanId, { rootId: spanId, ended: [], failed: false });
      return;
    }
    const work = this.#open.get(parent.spanId);
    if (work !== undefined) this.#open.set(spanId, work);
  }

  onEnd(span: ReadableSpan): void {
    if (isSampled(span)) return this.#next.onEnd(span);
    const { spanId } = span.spanContext();
    const work = this.#open.get(spanId);
    if (work === undefined) return;
    this.#open.delete(spanId);
    if (span.status.code === SpanStatusCode.ERROR) work.failed = true;
    if (spanId !== work.rootId) {
      if (work.ended.length < ENDED_SPANS_A_ROOT_MAX) work.ended.push(span);
      return;
    }
    const why = work.failed ? 'error' : this.#isSlow(span) ? 'slow' : undefined;
    if (why === undefined || !this.#mayKeep()) return;
    for (const one of [...work.ended, span]) this.#next.onEnd(asSampled(one, why));
  }

  async forceFlush(): Promise<void> {
    await this.#next.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.#next.shutdown();
  }

  #isSlow(span: ReadableSpan): boolean {
    if (span.attributes[IS_STREAM] === true) return false;
    return millisecondsOf(span.duration) >= this.#slowMs;
  }

  #mayKeep(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#secondBeganMs >= SECOND_MS) {
      this.#secondBeganMs = nowMs;
      this.#keptInSecond = 0;
    }
    this.#keptInSecond += 1;
    return this.#keptInSecond <= KEPT_A_SECOND_MAX;
  }
}

function isSampled(span: Pick<ReadableSpan, 'spanContext'>): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

function millisecondsOf([seconds, nanos]: HrTime): number {
  return seconds * 1e3 + nanos / 1e6;
}

/** The same span, as exporters take it. */
function asSampled(span: ReadableSpan, why: string): ReadableSpan {
  const context = { ...span.spanContext(), traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    ...(span.parentSpanContext === undefined ? {} : { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes: { ...span.attributes, [KEPT]: why },
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}
