/**
 * Which spans are sent: those of sampled traces, what is linked to one, and of the others what
 * failed or was slow, with all that was done for it; all within bounds.
 */
import { ROOT_CONTEXT, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { beforeEach, describe, expect, test } from 'vitest';
import { KeptTraces } from '#platform/kept-traces.ts';
import { IS_STREAM } from '#platform/span-attributes.ts';
import { contextOfTraceparent, linkOfTraceparent, traceparentOf } from '#platform/telemetry.ts';
import { createSampler } from '#platform/trace-sampling.ts';

const SLOW_MS = 1_000;
const CALLER = `00-${'a'.repeat(32)}-${'b'.repeat(16)}`;

let exporter: InMemorySpanExporter;
beforeEach(() => (exporter = new InMemorySpanExporter()));

describe('without a sampled trace', () => {
  test('nothing is sent of what is fast and well', () => {
    const spans = open(0);
    work(spans, 'batch', ['lock', 'append']);
    expect(sent()).toEqual([]);
  });

  test('what has failed is sent, with all steps of it', () => {
    const spans = open(0);
    work(spans, 'batch', ['lock', 'append'], { failing: 'append' });
    expect(sent()).toEqual(['lock', 'append', 'batch']);
    const [root] = exporter.getFinishedSpans().slice(-1);
    expect(root?.attributes).toMatchObject({ 'bank.kept': 'error' });
    expect(root?.spanContext().traceFlags).toBe(1);
  });

  test('what was slow is sent, but for a stream', () => {
    const spans = open(0);
    work(spans, 'batch', [], { ms: SLOW_MS });
    work(spans, 'batch', [], { ms: SLOW_MS - 1 });
    work(spans, 'watch', [], { ms: SLOW_MS, attributes: { [IS_STREAM]: true } });
    expect(sent()).toEqual(['batch']);
  });

  test("its context says so, and work for it elsewhere is kept by that process' own looks", () => {
    const spans = open(0);
    const batch = spans.startSpan('batch', {}, ROOT_CONTEXT);
    const text = traceparentOf(batch);
    expect(text).toMatch(/-00$/);
    const project = spans.startSpan('project', {}, contextOfTraceparent(text));
    project.setStatus({ code: SpanStatusCode.ERROR }).end();
    batch.end();
    expect(sent()).toEqual(['project']);
  });

  test('a flood of failures is not sent whole', () => {
    const spans = open(0);
    for (let n = 0; n < 500; n++) work(spans, 'batch', [], { failing: 'batch' });
    expect(sent().length).toBeGreaterThan(0);
    expect(sent().length).toBeLessThan(100);
  });
});

describe('with a sampled trace', () => {
  test.each([
    ['01', ['batch']],
    ['00', []],
  ])("the caller's %s counts", (flags, expected) => {
    work(open(0.5), 'batch', [], { context: contextOfTraceparent(`${CALLER}-${flags}`) });
    expect(sent()).toEqual(expected);
  });

  test('what is linked to one is sampled', () => {
    const link = linkOfTraceparent(`${CALLER}-01`);
    const links = link === undefined ? [] : [link];
    const spans = open(0);
    spans.startSpan('batch', { links }, ROOT_CONTEXT).end();
    expect(sent()).toEqual(['batch']);
    expect(exporter.getFinishedSpans()[0]?.attributes).toEqual({});
  });

  test('always_off keeps nothing', () => {
    work(tracerOf('always_off', 1), 'batch', [], { failing: 'batch' });
    expect(sent()).toEqual([]);
  });
});

function open(ratio: number): Tracer {
  return tracerOf('parentbased_traceidratio', ratio);
}

function tracerOf(name: 'parentbased_traceidratio' | 'always_off', ratio: number): Tracer {
  const sampler = createSampler(name, ratio);
  const spanProcessors = [new KeptTraces(new SimpleSpanProcessor(exporter), SLOW_MS)];
  return new BasicTracerProvider({ sampler, spanProcessors }).getTracer('t');
}

type Work = {
  failing?: string;
  ms?: number;
  attributes?: Record<string, boolean>;
  context?: typeof ROOT_CONTEXT;
};

function work(
  spans: Tracer,
  name: string,
  steps: readonly string[],
  { failing, ms = 0, attributes = {}, context = ROOT_CONTEXT }: Work = {},
): void {
  const startTime = Date.now();
  const end = (span: Span, of: string): void => {
    if (of === failing) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(startTime + ms);
  };
  const root = spans.startSpan(name, { startTime, attributes }, context);
  const within = trace.setSpan(ROOT_CONTEXT, root);
  for (const step of steps) end(spans.startSpan(step, { startTime }, within), step);
  end(root, name);
}

function sent(): string[] {
  return exporter.getFinishedSpans().map(({ name }) => name);
}
