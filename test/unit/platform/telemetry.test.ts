/** Trace context as text, and no telemetry without an endpoint. */
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import {
  contextOfTraceparent,
  counter,
  linkOfTraceparent,
  startTelemetry,
  traceparentOf,
  tracer,
} from '#platform/telemetry.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TEXT = `00-${TRACE_ID}-${SPAN_ID}-01`;

test('a context comes back as its text', () => {
  const context = contextOfTraceparent(TEXT);
  expect(trace.getSpanContext(context)).toEqual({
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    traceFlags: 1,
    isRemote: true,
  });
  const span = trace.getSpan(context);
  expect(span && traceparentOf(span)).toBe(TEXT);
  expect(linkOfTraceparent(TEXT)?.context.spanId).toBe(SPAN_ID);
});

test.each([
  undefined,
  '',
  'garbage',
  `ff-${TRACE_ID}-${SPAN_ID}-01`,
  `00-${'0'.repeat(32)}-${SPAN_ID}-01`,
  `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
  `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`,
  `00-${TRACE_ID}-${SPAN_ID}-01x`,
])('%j is no context', (text) => {
  expect(contextOfTraceparent(text)).toBe(ROOT_CONTEXT);
  expect(linkOfTraceparent(text)).toBeUndefined();
});

test('a later version with more fields is understood', () => {
  const context = contextOfTraceparent(`01-${TRACE_ID}-${SPAN_ID}-00-more`);
  expect(trace.getSpanContext(context)).toMatchObject({ traceId: TRACE_ID, traceFlags: 0 });
});

test("without an endpoint nothing is recorded, and the caller's context goes on", async () => {
  const telemetry = await startTelemetry({ service: 's', instance: 'i', env: {} });
  expect(traceparentOf(tracer('t').startSpan('batch'))).toBeUndefined();
  const child = tracer('t').startSpan('batch', {}, contextOfTraceparent(TEXT));
  expect(traceparentOf(child)).toBe(TEXT);
  await telemetry.shutdown();
});

test('a counter has one total a name', () => {
  const made = counter('bank.test', 'For the test.', '{thing}', ['partition']);
  made.add(2, { partition: 1 });
  counter('bank.test', 'For the test.', '{thing}').add();
  expect(made.total()).toBe(3);
});
